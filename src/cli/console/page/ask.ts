/** What the page asks of its server, with the token of its address. */
import type { Action, Done, Refusal } from '../data.ts';

const token = new URLSearchParams(location.search).get('token') ?? '';

/** The server refused, and says why. */
class RefusedError extends Error {
  override readonly name = 'RefusedError';
  constructor(readonly refusal: Refusal) {
    super(refusal.error);
  }
}

/** What a person reads about a question that had no answer. */
export function troubleOf(error: unknown): string {
  if (!(error instanceof RefusedError)) return 'The console does not answer: has "smoother console" ended?';
  const { error: says, lacks } = error.refusal;
  return lacks === undefined ? says : `${says} This needs ${lacks}.`;
}

export function act(action: Action): Promise<Done> {
  return ask('/api/act', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(action),
  });
}

export async function ask<Answer>(path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(path, {
    ...init,
    headers: { ...init.headers, authorization: `Bearer ${token}` },
  });
  const body = await response.json();
  if (!response.ok) throw new RefusedError(body);
  return body;
}
