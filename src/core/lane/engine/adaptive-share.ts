/**
 * How much of its limits a lane uses: Bedrock's throttles say when somebody else uses the quota too, or when it is
 * smaller than we believe. A throttle cuts the share once per round of feedback; calm raises it again.
 */
import type { Limits } from '../catalog/limits.ts';
import { Trials } from './trials.ts';

/**
 * A cut goes this far below what was in use when Bedrock refused. Where everything is refused, what is in use falls by
 * itself, as minutes pass without a call: one small cut after the other then finds where Bedrock admits again.
 */
const STEP = 0.03;
/**
 * A lone refusal of a lane that uses all of its limits may come from an error of its own estimates. It cuts less and is
 * soon forgotten, unless another follows; lone is one with none in the minute and a half before it.
 */
const LONE_STEP = 0.01;
const LONE_HOLD_MS = 5_000;
const LONE_GROWTH_PER_SECOND = 0.003;
const LONE_AFTER_MS = 90_000;
/** One cut takes no more than this, however little our own account says was in use. */
const LARGEST_CUT = 0.4;
const SMALLEST_SHARE = 0.02;
/**
 * Where Bedrock counts fixed minutes, too large a share is refused at the minute's end only, and everything until then. So
 * a share is held for most of a minute before it grows, and grows slowly first: what it grows in one more minute is
 * how long nothing gets through. The longer nothing is refused, the more room there is, and the faster it grows: all
 * of the quota is won back within four minutes.
 */
const HOLD_MS = 45_000;
const GROWTH_PER_SECOND = 0.0006;
const GROWTH_PER_SECOND_SQUARED = 0.00006;

export interface AdaptiveShareState {
  share: number;
  cutAt: number;
  /** What the share is of. Absent in what earlier releases wrote. */
  limits?: Limits;
}

/** What became of calls of one slot since the last look. */
export interface Feedback {
  slot: number;
  /** Epoch milliseconds of their release. */
  releasedAt: number;
  throttled: number;
}

export class AdaptiveShare {
  readonly trials = new Trials();
  #share: number;
  /** Epoch milliseconds of the last cut: throttles of calls released until then have been answered. */
  #cutAt: number;
  #limits: Limits | undefined;
  /** Epoch milliseconds of the last refusal, of trials too. */
  #refusedAt: number;
  /** The last refusal was a lone one. */
  #lone = false;
  #at: number | undefined;

  constructor(state: AdaptiveShareState = { share: 1, cutAt: 0 }) {
    this.#share = state.share;
    this.#cutAt = state.cutAt;
    this.#limits = state.limits;
    this.#refusedAt = state.cutAt;
  }

  /** Part of the limits that is ours to use, 0–1. */
  get share(): number {
    return this.#share;
  }

  /**
   * These are the limits now. Of lower ones as much is usable as was found to be of those before; higher ones are news, an
   * old throttle is not.
   */
  follow(limits: Limits): void {
    const before = this.#limits ?? limits;
    this.#limits = limits;
    const changes = [
      change(before.tokens_per_minute, limits.tokens_per_minute),
      change(before.requests_per_minute, limits.requests_per_minute),
    ];
    // Which of them binds is not known: the change that leaves more is believed until Bedrock says otherwise.
    const least = Math.min(...changes);
    if (least < 1) this.#share = Math.min(1, this.#share / least);
    else if (Math.max(...changes) > 1) this.#share = 1;
  }

  /**
   * Takes in what has become of the calls of one round.
   * @param used what the lane's account holds, as a share of the full limits
   */
  observe(now: number, used: number, calls: readonly Feedback[]): void {
    const refused = calls.filter(({ throttled }) => throttled > 0);
    const isNews = ({ slot, releasedAt }: Feedback) =>
      releasedAt > this.#cutAt && !this.trials.includes(slot);
    if (refused.some(isNews)) this.#cut(now, used);
    else this.#raise(now);
    if (refused.length > 0) this.#refusedAt = now;
    this.trials.advance(now, refused.length > 0);
    this.#at = now;
  }

  limits({ requests_per_minute, tokens_per_minute }: Limits): Limits {
    const part = (limit: number | undefined) =>
      limit === undefined ? undefined : Math.max(1, Math.floor(limit * this.#share));
    return { requests_per_minute: part(requests_per_minute), tokens_per_minute: part(tokens_per_minute) };
  }

  snapshot(): AdaptiveShareState {
    return { share: this.#share, cutAt: this.#cutAt, ...(this.#limits && { limits: this.#limits }) };
  }

  #cut(now: number, used: number): void {
    this.#lone = this.#share === 1 && now >= this.#refusedAt + LONE_AFTER_MS;
    const reached = Math.min(this.#share, Math.max(used, this.#share * (1 - LARGEST_CUT)));
    this.#share = Math.max(SMALLEST_SHARE, reached * (1 - (this.#lone ? LONE_STEP : STEP)));
    this.#cutAt = now;
  }

  #raise(now: number): void {
    const seconds = (now - (this.#at ?? now)) / 1_000;
    const calm = (now - this.#refusedAt - (this.#lone ? LONE_HOLD_MS : HOLD_MS)) / 1_000;
    if (this.#share >= 1 || calm <= 0) return;
    const rate = this.#lone ? LONE_GROWTH_PER_SECOND : GROWTH_PER_SECOND + GROWTH_PER_SECOND_SQUARED * calm;
    this.#share = Math.min(1, this.#share + rate * seconds);
  }
}

/** How many times as large a limit has become. One that there was not, or is no more, says nothing. */
function change(before: number | undefined, now: number | undefined): number {
  return before && now ? now / before : 1;
}
