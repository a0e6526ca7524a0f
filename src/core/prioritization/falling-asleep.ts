/** Whether a leader that has nothing to release may fall asleep, although calls are out. */

/**
 * It leaves although few calls are in flight: it costs as much as the workers that they take. For more calls that share so few workers
 * it waits until hardly any have come for a while.
 */
const FEW = { calls: 2, workers: 2 };
const BUSY = { requests: 2, withinMs: 30_000 };
/** To fall asleep and to be woken costs as much as to stay awake for so long; where so many come, the next is mostly there by then. */
const BRISK = { requests: 7, withinMs: 10_000, worthMs: 1_500 };

export interface CallsOut {
  /** Releases that have not ended, and the workers that they take. */
  unfinished: { releases: number; bundles: number };
  /** Requests released within this time. */
  released(withinMs: number): number;
}

export function mayFallAsleep({ unfinished: { releases, bundles }, released }: CallsOut): boolean {
  if (released(BRISK.worthMs) > 0 && released(BRISK.withinMs) >= BRISK.requests) return false;
  const isCalm = released(BUSY.withinMs) < BUSY.requests;
  return releases <= FEW.calls || (bundles <= FEW.workers && isCalm);
}
