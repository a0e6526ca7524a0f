/**
 * How much of a quota could be used at all.
 *
 * A call with reservation `r` (input + max tokens) and charge `s` (what it costs in the end) holds `r` from its start
 * until it ends, `d` later; then the account corrects it to `s`. While it runs, the difference is held and nobody can
 * use it. So even a scheduler that knows every output and duration beforehand cannot settle the whole quota L.
 *
 * **Safe** means: whatever the enforcement (token bucket, sliding minute, fixed minute), no call is refused and no
 * account is ever overdrawn. An overdraft (a charge above its reservation) is no gain: later calls pay for it.
 * The sliding minute is the strictest of the three, so what is safe under it is safe:
 * - a fixed minute has deducted, up to `t`, a subset of what the sliding minute up to `t` has deducted;
 * - a bucket that was last full at `f` has refilled `L (t − f) / 60 s` on top of `L`, and what was deducted since lies in
 *   at most `⌊(t − f) / 60 s⌋ + 1` sliding minutes, each of which holds at most L.
 *
 * So safe is: U(t) ≤ L at all times, U being the sliding minute's use. A call weighs `r` from its start until it ends
 * and `s` until its start is a minute past; when `s > r`, the excess weighs from the end until a minute after.
 *
 * **Upper bound.** So a call adds to ∫U dt: `c = r × d + s × (60 s − d)` when `s ≤ r` (`r × 60 s` when d > 60 s), and
 * `s × 60 s` when `s > r`. All of it lies between the first start and, T being the last start, T + 60 s (+ the longest `d`
 * of a call with an excess), and U ≤ L there. Hence Σc ≤ L (T + 60 s + …). A quota of R requests gives in the same
 * way n × 60 s ≤ R (T + 60 s).
 *
 * **Share.** Settled tokens ÷ (L × (T + 60 s)). The minute is what an empty account gives for free in the beginning:
 * with it the bound holds for any finite set of calls and tends to the long run's share, 60 s × Σs ÷ Σc.
 *
 * **Lower bound.** A schedule made by starting, every {@link STEP_MS}, each of the next waiting calls that fits, in
 * order: that keeps U ≤ L now and, as every end is known, at all later times. Feasible, hence attainable.
 *
 * The calls are a mix that must all run: the share is that of the whole mix, not of its cheapest part.
 */
import { OversizedCallError } from '../simulation/errors.ts';

const MINUTE_MS = 60_000;
/** How many waiting calls the constructive schedule considers for a gap that the first does not fit. */
const LOOKAHEAD = 16;
/** Traffic that counts as the long run. */
const LONG_RUN_MINUTES = 100;
/** Starts of the constructive schedule fall on multiples of this. */
const STEP_MS = 100;
const MINUTE_STEPS = MINUTE_MS / STEP_MS;

/** A call as only its end tells it. */
export interface KnownCall {
  /** Tokens deducted at the start: input + max tokens. */
  reservation: number;
  /** Tokens charged at the end, burndown included. */
  charge: number;
  durationMs: number;
}

/** A quota; absent: that limit does not exist. */
export interface KnownLimits {
  tokensPerMinute?: number;
  requestsPerMinute?: number;
}

/** Parts of a quota that calls settle: 1 is all of it. Absent where there is no such limit. */
export interface Share {
  tokens?: number;
  requests?: number;
}

export interface Attainable {
  lower: Share;
  upper: Share;
}

/**
 * Bounds of what an omniscient scheduler settles of the quota in the long run, when this mix of calls keeps coming.
 * The lower bound repeats the calls for {@link LONG_RUN_MINUTES}, so that a last, partly filled minute hardly counts.
 */
export function attainableShare(calls: readonly KnownCall[], limits: KnownLimits): Attainable {
  if (calls.length === 0) return { lower: {}, upper: {} };
  const onceMinutes = (shortestMakespanMs(calls, limits) + MINUTE_MS) / MINUTE_MS;
  const times = Math.ceil(LONG_RUN_MINUTES / onceMinutes);
  const repeated = Array.from({ length: times }, () => calls).flat();
  return {
    lower: shareOf(repeated, limits, lastOf(constructSchedule(repeated, limits))),
    upper: longRunShare(calls, limits),
  };
}

/** 60 s × Σs ÷ Σc, or what the requests' quota leaves of it. */
function longRunShare(calls: readonly KnownCall[], limits: KnownLimits): Share {
  const { tokensPerMinute = Number.POSITIVE_INFINITY, requestsPerMinute = Number.POSITIVE_INFINITY } = limits;
  const longRunMs = Math.max(
    sum(calls, weightOverTime) / tokensPerMinute,
    (calls.length * MINUTE_MS) / requestsPerMinute,
  );
  return shareOf(calls, limits, longRunMs - MINUTE_MS);
}

/** The share that calls settle when their starts span `makespanMs`. */
export function shareOf(calls: readonly KnownCall[], limits: KnownLimits, makespanMs: number): Share {
  const minutes = (makespanMs + MINUTE_MS) / MINUTE_MS;
  const { tokensPerMinute, requestsPerMinute } = limits;
  return {
    ...(tokensPerMinute && { tokens: sum(calls, (call) => call.charge) / (tokensPerMinute * minutes) }),
    ...(requestsPerMinute && { requests: calls.length / (requestsPerMinute * minutes) }),
  };
}

/** No safe schedule spans less between its first and its last start. Never negative. */
export function shortestMakespanMs(calls: readonly KnownCall[], limits: KnownLimits): number {
  const { tokensPerMinute = Number.POSITIVE_INFINITY, requestsPerMinute = Number.POSITIVE_INFINITY } = limits;
  const byTokens = sum(calls, weightOverTime) / tokensPerMinute - longestExcessMs(calls);
  const byRequests = (calls.length * MINUTE_MS) / requestsPerMinute;
  return Math.max(byTokens - MINUTE_MS, byRequests - MINUTE_MS, 0);
}

/**
 * Start times in milliseconds, one for each call, of a schedule that is safe under every enforcement.
 * @throws OversizedCallError when a call can never be admitted
 */
export function constructSchedule(calls: readonly KnownCall[], limits: KnownLimits): number[] {
  const { tokensPerMinute = Number.POSITIVE_INFINITY, requestsPerMinute = Number.POSITIVE_INFINITY } = limits;
  const tokens = new UseProfile(tokensPerMinute);
  const requests = new UseProfile(requestsPerMinute);
  const starts = new Array<number>(calls.length).fill(0);
  const waiting = calls.map((call, index) => ({ index, weights: weightsOf(call) }));
  for (const { weights } of waiting) {
    const most = Math.max(...weights.map(({ amount }) => amount));
    if (most > tokensPerMinute) throw new OversizedCallError(most, tokensPerMinute);
  }
  const next = waiting.splice(0, LOOKAHEAD);
  waiting.reverse();
  for (let step = 0; next.length > 0; step += 1) {
    for (let place = 0; place < next.length; ) {
      // Nothing adds requests later, so what fits now fits.
      if (requests.useAt(step) + 1 > requestsPerMinute) break;
      const { index, weights } = next[place] as (typeof next)[number];
      if (!tokens.fits(step, weights)) {
        place += 1;
        continue;
      }
      starts[index] = step * STEP_MS;
      tokens.add(step, weights);
      requests.add(step, ONE_REQUEST);
      next.splice(place, 1);
      const another = waiting.pop();
      if (another !== undefined) next.push(another);
    }
  }
  return starts;
}

/** What something weighs on the sliding minute from one step after its start up to but without another. */
interface Weight {
  from: number;
  to: number;
  amount: number;
}

const ONE_REQUEST: readonly Weight[] = [{ from: 0, to: MINUTE_STEPS, amount: 1 }];

/** In spans that do not overlap. Rounded so that a call never weighs less than it does. */
function weightsOf({ reservation, charge, durationMs }: KnownCall): readonly Weight[] {
  const end = durationMs / STEP_MS;
  if (charge > reservation) {
    const excess = { from: Math.floor(end), to: Math.ceil(end) + MINUTE_STEPS };
    return [
      { from: 0, to: Math.min(excess.from, MINUTE_STEPS), amount: reservation },
      { from: excess.from, to: MINUTE_STEPS, amount: charge },
      { from: Math.max(excess.from, MINUTE_STEPS), to: excess.to, amount: charge - reservation },
    ].filter(({ from, to }) => from < to);
  }
  const running = Math.min(Math.ceil(end), MINUTE_STEPS);
  return [
    { from: 0, to: running, amount: reservation },
    { from: running, to: MINUTE_STEPS, amount: charge },
  ];
}

/** The sliding minute's use at each step, as far as it is decided. */
class UseProfile {
  #use = new Float64Array(4 * MINUTE_STEPS);

  constructor(private readonly limit: number) {}

  useAt(step: number): number {
    return this.#use[step] ?? 0;
  }

  fits(start: number, weights: readonly Weight[]): boolean {
    const use = this.#upTo(start, weights);
    for (const { from, to, amount } of weights) {
      const room = this.limit - amount;
      for (let step = start + from; step < start + to; step++) if ((use[step] as number) > room) return false;
    }
    return true;
  }

  add(start: number, weights: readonly Weight[]): void {
    const use = this.#upTo(start, weights);
    for (const { from, to, amount } of weights) {
      for (let step = start + from; step < start + to; step++) use[step] = (use[step] as number) + amount;
    }
  }

  #upTo(start: number, weights: readonly Weight[]): Float64Array {
    const needed = start + weights.reduce((last, { to }) => Math.max(last, to), 0);
    if (needed > this.#use.length) {
      const longer = new Float64Array(2 * needed);
      longer.set(this.#use);
      this.#use = longer;
    }
    return this.#use;
  }
}

/** What a call adds to the time integral of the sliding minute's use, in token milliseconds. */
function weightOverTime({ reservation, charge, durationMs }: KnownCall): number {
  if (charge > reservation) return charge * MINUTE_MS;
  const running = Math.min(durationMs, MINUTE_MS);
  return reservation * running + charge * (MINUTE_MS - running);
}

function longestExcessMs(calls: readonly KnownCall[]): number {
  return calls.reduce((ms, call) => (call.charge > call.reservation ? Math.max(ms, call.durationMs) : ms), 0);
}

function lastOf(starts: readonly number[]): number {
  return starts.reduce((last, start) => Math.max(last, start), 0);
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
