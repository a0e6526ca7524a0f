/**
 * The times of a request's life, in the one order that keeps it safe:
 * Bedrock call deadline + margin < end of its bundle's time at a worker < lease of the bundle − clock skew.
 */

export const DAY_MS = 24 * 3_600_000;
/** A call starts at most this long after its release; later, the request goes back instead. Bounds the ledger. */
export const START_WINDOW_MS = 20_000;
/** What clocks of two functions may differ by. */
export const CLOCK_SKEW_MS = 5_000;
/** Kept between the Bedrock call's deadline and the end of the bundle's time, for commit, result and report. */
export const COMMIT_MARGIN_MS = 15_000;
/** A worker claims a release and loads its payload within this time, mostly much sooner. */
const LOAD_MS = 2_000;
/** When an outcome's result has not been marked sent after this time, a leader sends it again. */
export const RESULT_GRACE_MS = 30_000;
/** Finished records stay readable this long after their result was sent. */
export const RECORD_RETENTION_MS = 14 * DAY_MS;

/**
 * When a release that has not ended counts as lost.
 * @param bundleMs how long a worker has for a bundle
 */
export function leaseMs(bundleMs: number): number {
  return START_WINDOW_MS + bundleMs + 2 * CLOCK_SKEW_MS;
}

/** The time that a bundle had for its calls where its lease lasts so long: the reverse of {@link leaseMs}. */
export function bundleMsOf(leaseMs: number): number {
  return leaseMs - START_WINDOW_MS - 2 * CLOCK_SKEW_MS;
}

/** How long a call may take; its worker needs a moment before it. */
export function callMs(bundleMs: number): number {
  return bundleMs - COMMIT_MARGIN_MS - LOAD_MS;
}

/** Payloads outlive the longest wait by a day, which is room for the calls and for a bucket's coarse expiry. */
export function longestWaitSeconds(payloadRetentionDays: number): number {
  return (payloadRetentionDays - 1) * 24 * 3_600;
}
