/** How long a request takes from its acceptance to its start where nothing keeps it waiting, as this leader finds it. */

/** Of the longest time between two ticks, so much is remembered from tick to tick. */
const KEPT = 0.95;
/** A request that comes just after the leader has looked is seen by its next look, and released by the end of that tick. */
const TICKS = 2;
/** Before anything has started, the workers are cold; and where ticks are slow, so are they. */
const COLD_START_MS = 4_000;

export class Promptness {
  #tickedAt: number | undefined;
  #tickMs = 0;

  /** Once in each tick, which began at `begun`. */
  note(begun: number, now: number): void {
    this.#tickMs = Math.max(KEPT * this.#tickMs, now - (this.#tickedAt ?? begun));
    this.#tickedAt = now;
  }

  /**
   * In all but one in twenty cases, in milliseconds.
   * @param usualStartMs from a release to its start, where that is known
   */
  startMs(usualStartMs?: number): number {
    const seenMs = TICKS * this.#tickMs;
    return Math.round(seenMs + (usualStartMs ?? Math.max(COLD_START_MS, seenMs)));
  }
}
