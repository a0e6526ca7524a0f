/**
 * Urgent calls that go out although the lane holds more than its share of the limits. The share is a guess from earlier
 * throttles, and only Bedrock knows: what it counts may have room before our account does. So an urgent call tries;
 * after a refusal others wait, and each round that is not refused lets twice as many go.
 */

/** A refusal is known this long after the release. */
const ROUND_MS = 500;
/** After a refusal nothing is tried for so long: while everything is refused, this is how often Bedrock is asked. */
const PAUSE_MS = 750;
const LARGEST_ROUND = 64;
/** In slots; a call that has not started after twenty seconds never will. */
const REMEMBERED = 60;

export class Trials {
  #size = 1;
  #left = 1;
  /** When the next round begins. */
  #until = Number.NEGATIVE_INFINITY;
  readonly #slots = new Set<number>();

  /** Before each tick's releases. `refused`: calls were, since the last tick. */
  advance(now: number, refused: boolean): void {
    if (refused) {
      this.#size = 0;
      this.#left = 0;
      this.#until = now + PAUSE_MS;
    } else if (now >= this.#until) {
      if (this.#left === 0) this.#size = Math.min(LARGEST_ROUND, Math.max(1, 2 * this.#size));
      this.#left = this.#size;
    }
  }

  allows(): boolean {
    return this.#left > 0;
  }

  /** One goes out, in this slot. */
  spend(now: number, slot: number): void {
    this.#left -= 1;
    this.#until = now + ROUND_MS;
    this.#slots.add(slot);
    for (const old of this.#slots) if (old < slot - REMEMBERED) this.#slots.delete(old);
  }

  /** Calls of this slot were trials: that one is refused says nothing about the share. */
  includes(slot: number): boolean {
    return this.#slots.has(slot);
  }
}
