/**
 * Bounds what is released again after a transient failure: a share of what succeeds, so that retries can never take
 * over the quota, and a trickle, so that they also end when nothing else waits.
 */
const PER_SUCCESS = 0.1;
const PER_SECOND = 0.5;
const MOST = 20;

export class RetryBudget {
  #left = MOST;
  #at: number | undefined;

  advance(now: number, successes: number): void {
    const seconds = (now - (this.#at ?? now)) / 1_000;
    this.#left = Math.min(MOST, this.#left + successes * PER_SUCCESS + seconds * PER_SECOND);
    this.#at = now;
  }

  allows(): boolean {
    return this.#left >= 1;
  }

  spend(): void {
    this.#left -= 1;
  }
}
