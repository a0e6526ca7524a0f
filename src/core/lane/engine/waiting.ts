/** What a tick sees waiting. */
import type { BacklogEntry } from '../../request/ports.ts';
import type { Priority } from '../../request/record.ts';
import type { Amount } from './ledger.ts';
import type { Sizing } from './sizing.ts';

/** A call like those that count now, or like the first that waits while none do. */
export function typicalOf(
  used: Amount,
  waiting: readonly (readonly BacklogEntry[])[],
  sizeOf: (entry: BacklogEntry) => Sizing,
): Amount {
  if (used.requests > 0) return { requests: 1, tokens: used.tokens / used.requests };
  const first = waiting.find(({ length }) => length > 0)?.[0];
  return { requests: 1, tokens: first === undefined ? 0 : sizeOf(first).held };
}

export function lengthOf(queues: readonly (readonly BacklogEntry[])[]): number {
  return queues.reduce((sum, { length }) => sum + length, 0);
}

/** How long the oldest has waited for its first call. */
export function waitedMs(queues: readonly (readonly BacklogEntry[])[], now: number): number {
  let longest = 0;
  for (const queue of queues) {
    for (const entry of queue) if (!hasRun(entry)) longest = Math.max(longest, now - entry.accepted_at);
  }
  return longest;
}

/** It has been called, and is back: when it was accepted does not say how long it has been waiting. */
function hasRun({ failures, full_allowance }: BacklogEntry): boolean {
  return failures > 0 || full_allowance !== undefined;
}

/** Priorities of which something waits: all of a queue have the same. */
export function prioritiesOf(queues: readonly (readonly BacklogEntry[])[]): Priority[] {
  return queues.flatMap(([head]) => head?.priority ?? []);
}
