/** How long a request takes from its acceptance to its start where nothing keeps it waiting, as this leader finds it. */

/** Of the longest time between two ticks, so much is remembered from tick to tick. */
const KEPT = 0.95;
/** A request that comes just after the leader has looked is seen by its next look, and released by the end of that tick. */
const TICKS = 2;
/** Before anything has started, the workers are cold. */
const COLD_START_MS = 4_000;

export class Promptness {
  #tickedAt: number | undefined;
  #tickMs = 0;

  /** After each tick. */
  note(now: number): void {
    if (this.#tickedAt !== undefined) this.#tickMs = Math.max(KEPT * this.#tickMs, now - this.#tickedAt);
    this.#tickedAt = now;
  }

  /**
   * In all but one in twenty cases, in milliseconds.
   * @param usualStartMs from a release to its start, where that is known
   */
  startMs(usualStartMs = COLD_START_MS): number {
    return Math.round(TICKS * this.#tickMs + usualStartMs);
  }
}
