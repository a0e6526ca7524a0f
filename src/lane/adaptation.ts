/**
 * How much of its limits a lane uses: Bedrock's throttles say when somebody else uses the quota too, or when it is
 * smaller than we believe. A throttle cuts the share once per round of feedback; calm raises it again.
 */
import type { Limits } from './ports.ts';

/** A cut goes this far below what was in use when Bedrock refused; it doubles while no call gets through. */
const FIRST_STEP = 0.03;
const LARGEST_STEP = 0.4;
/** One cut takes no more than this, however little our own account says was in use. */
const LARGEST_CUT = 0.4;
const SMALLEST_SHARE = 0.02;
/** Back to where Bedrock last refused: share of the limits a second, after a moment of calm. */
const RECOVERY_PER_SECOND = 0.02;
/** Near the place of the last refusal it grows slowly, the faster the longer it is calm. */
const CALM_MS = 5_000;
const PROBING_PER_SECOND = 0.0004;
const PROBING_PER_SECOND_SQUARED = 0.00003;
/** How close to the last refusal recovery is fast. */
const NEAR = 0.97;

export interface AdaptationMemory {
  share: number;
  ceiling: number;
  cutAt: number;
}

export class Adaptation {
  #share: number;
  /** Use, as a share of the limits, at which Bedrock last refused. */
  #ceiling: number;
  /** Epoch milliseconds of the last cut: throttles of calls released until then have been answered. */
  #cutAt: number;
  #step = FIRST_STEP;
  #at: number | undefined;

  constructor(memory: AdaptationMemory = { share: 1, ceiling: 1, cutAt: 0 }) {
    this.#share = memory.share;
    this.#ceiling = memory.ceiling;
    this.#cutAt = memory.cutAt;
  }

  /** Part of the limits that is ours to use, 0–1. */
  get share(): number {
    return this.#share;
  }

  /**
   * Takes in what has become of the calls of one round.
   * @param used what the lane's account holds, as a share of the full limits
   */
  observe(
    now: number,
    used: number,
    calls: readonly { releasedAt: number; throttled: number; admitted: number }[],
  ) {
    let throttled = 0;
    for (const call of calls) {
      if (call.releasedAt <= this.#cutAt) continue;
      throttled += call.throttled;
      if (call.admitted > 0) this.#step = FIRST_STEP;
    }
    if (throttled > 0) this.#cut(now, used);
    else this.#raise(now);
    this.#at = now;
  }

  limits({ requests_per_minute, tokens_per_minute }: Limits): Limits {
    const part = (limit: number | undefined) =>
      limit === undefined ? undefined : Math.max(1, Math.floor(limit * this.#share));
    return { requests_per_minute: part(requests_per_minute), tokens_per_minute: part(tokens_per_minute) };
  }

  #cut(now: number, used: number): void {
    const reached = Math.min(this.#share, Math.max(used, this.#share * (1 - LARGEST_CUT)));
    this.#ceiling = reached;
    this.#share = Math.max(SMALLEST_SHARE, reached * (1 - this.#step));
    this.#step = Math.min(LARGEST_STEP, this.#step * 2);
    this.#cutAt = now;
  }

  #raise(now: number): void {
    const seconds = (now - (this.#at ?? now)) / 1_000;
    const calm = (now - this.#cutAt - CALM_MS) / 1_000;
    if (this.#share >= 1 || calm <= 0) return;
    const rate =
      this.#share < this.#ceiling * NEAR
        ? RECOVERY_PER_SECOND
        : PROBING_PER_SECOND + PROBING_PER_SECOND_SQUARED * calm;
    this.#share = Math.min(1, this.#share + rate * seconds);
  }

  memory(): AdaptationMemory {
    return { share: this.#share, ceiling: this.#ceiling, cutAt: this.#cutAt };
  }
}
