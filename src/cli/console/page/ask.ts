/** What the page asks of its server, with the token of its address. */
import type { Action, Done, Found, PageData, Refusal } from '../data.ts';

const token = new URLSearchParams(location.search).get('token') ?? '';

/** The server refused, and says why. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  constructor(readonly refusal: Refusal) {
    super(refusal.error);
  }
}

export function askPage(): Promise<PageData> {
  return ask('/api/page');
}

export function askRequest(id: string): Promise<Found> {
  return ask(`/api/request?id=${encodeURIComponent(id)}`);
}

export function act(action: Action): Promise<Done> {
  return ask('/api/act', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(action),
  });
}

async function ask<Answer>(path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(path, {
    ...init,
    headers: { ...init.headers, authorization: `Bearer ${token}` },
  });
  const body = await response.json();
  if (!response.ok) throw new RefusedError(body);
  return body;
}
