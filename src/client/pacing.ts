/**
 * When to look at a record again. Each look costs half a read unit for each 4 KiB, so what has waited for long is looked at
 * less often: a result is found at most a tenth of its age late, and a request costs some 25 looks for each tenfold of it.
 */
import type { StoredRecord } from '../core/request/record.ts';

/** The first look comes this long after the request was sent. No request is answered sooner. */
export const FIRST_LOOK_MS = 300;
const SHORTEST_MS = 100;
const LONGEST_MS = 15_000;
const PART_OF_AGE = 0.1;
/** A call that should take so long is not looked at before this part of it is over. */
const SURELY_RUNNING = 0.8;
/** How much the newest duration counts in the usual one. */
const NEWEST = 0.2;

/** How long calls take, by model, as far as this client has seen. */
export class Durations {
  readonly #usual = new Map<string, number>();

  add(modelId: string, milliseconds: number): void {
    const before = this.#usual.get(modelId) ?? milliseconds;
    this.#usual.set(modelId, before + NEWEST * (milliseconds - before));
  }

  /** Undefined until a call of the model has been seen. */
  of(modelId: string): number | undefined {
    return this.#usual.get(modelId);
  }
}

/**
 * Milliseconds until the next look.
 * @param since when the request was sent, epoch milliseconds
 * @param usualMs how long calls of its model take
 */
export function nextLookMs(
  now: number,
  since: number,
  record: StoredRecord | undefined,
  usualMs: number | undefined,
): number {
  const byAge = between(SHORTEST_MS, PART_OF_AGE * (now - since), LONGEST_MS);
  if (record?.status !== 'IN_PROGRESS' || record.started_at === undefined) return byAge;
  const running = now - record.started_at;
  const earliest = usualMs === undefined ? 0 : SURELY_RUNNING * usualMs - running;
  // A call that has begun ends soon, however long it has waited.
  return between(SHORTEST_MS, Math.max(earliest, PART_OF_AGE * running), LONGEST_MS);
}

function between(least: number, value: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
