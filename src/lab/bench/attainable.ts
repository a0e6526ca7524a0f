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
 * The minutes [0, 60 s), [60 s, 120 s) … that hold the starts hold at most L each, too: at the last start of each all its calls
 * weigh, and none less than the smaller of r and s. So there are ⌈Σ min(r, s) ÷ L⌉ at least, and T is more than all but one.
 *
 * **Large calls.** Two calls of 0.6 L never fit into one minute, though the integral says that 1.6 do. At any moment the
 * calls in the minute are a set that fits, so with a dual feasible function f (one for which numbers with a sum of at most 1
 * have images with a sum of at most 1) the images of their weights ÷ L are at most 1 together: the same integral with
 * f(weight ÷ L) in place of weight ÷ L is a bound, too. The largest of some such functions counts (Fekete and Schepers, 2001:
 * New classes of fast lower bounds for bin packing problems).
 *
 * **Share.** Settled tokens ÷ (L × (T + 60 s)). The minute is what an empty account gives for free in the beginning:
 * with it the bound holds for any finite set of calls and tends to the long run's share, 60 s × Σs ÷ Σc.
 *
 * **Lower bound.** A schedule of the calls that is safe (known-schedule.ts). Feasible, hence attainable.
 *
 * The calls are a mix that must all run: the share is that of the whole mix, not of its cheapest part.
 */
import { constructSchedule } from './known-schedule.ts';

const MINUTE_MS = 60_000;
/** Traffic that counts as the long run: so many minutes, or so many calls. */
const LONG_RUN_MINUTES = 100;
const LONG_RUN_CALLS = 20_000;
/**
 * Whoever schedules from outside learns of a call's end late, and what it releases starts late: by a report, a tick, a plan, a
 * queue and a worker that loads the payload (delays.json).
 */
const REACTION_MS = 400;

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
 * The lower bound is what a schedule of the calls, many times over, settles between its first minute and its last start,
 * although it uses what calls give back a moment later. A call larger than the whole limit counts as all of it.
 */
export function attainableShare(all: readonly KnownCall[], limits: KnownLimits): Attainable {
  if (all.length === 0) return { lower: {}, upper: {} };
  const { tokensPerMinute: most = Number.POSITIVE_INFINITY } = limits;
  const calls = all.map(({ reservation, charge, durationMs }) => ({
    reservation: Math.min(most, reservation),
    charge: Math.min(most, charge),
    durationMs,
  }));
  const onceMinutes = (shortestMakespanMs(calls, limits) + MINUTE_MS) / MINUTE_MS;
  const times = Math.ceil(Math.min(LONG_RUN_MINUTES / onceMinutes, LONG_RUN_CALLS / calls.length));
  const repeated = Array.from({ length: times }, () => calls).flat();
  return {
    lower: steadyShare(repeated, limits, constructSchedule(repeated.map(withReaction), limits)),
    upper: longRunShare(calls, limits),
  };
}

/** The room that a call gives back at its end is used again no sooner. */
export function withReaction({ reservation, charge, durationMs }: KnownCall): KnownCall {
  return { reservation, charge, durationMs: durationMs + REACTION_MS };
}

/** What a schedule settles once the first minute is full, and until its last start. */
function steadyShare(calls: readonly KnownCall[], limits: KnownLimits, starts: readonly number[]): Share {
  const from = MINUTE_MS;
  const to = starts.reduce((last, start) => Math.max(last, start), 0);
  if (to < 2 * from) return shareOf(calls, limits, to);
  const use = { charge: 0, requests: 0 };
  calls.forEach(({ charge }, index) => {
    const start = starts[index] ?? 0;
    const part = Math.max(0, Math.min(start + MINUTE_MS, to) - Math.max(start, from)) / MINUTE_MS;
    use.charge += charge * part;
    use.requests += part;
  });
  return partsOf(use, limits, (to - from) / MINUTE_MS);
}

/** 60 s × Σs ÷ Σc, or what the requests' quota leaves of it. */
function longRunShare(calls: readonly KnownCall[], limits: KnownLimits): Share {
  return shareOf(calls, limits, occupiedMs(calls, limits) - MINUTE_MS);
}

/** How long calls keep the whole quota, at least. */
export function occupiedMs(calls: readonly KnownCall[], limits: KnownLimits): number {
  const { tokensPerMinute = Number.POSITIVE_INFINITY, requestsPerMinute = Number.POSITIVE_INFINITY } = limits;
  return Math.max(
    ...DUAL_FEASIBLE.map((image) => sum(calls, (call) => weightOverTime(call, tokensPerMinute, image))),
    (calls.length * MINUTE_MS) / requestsPerMinute,
  );
}

/** The share that calls settle when their starts span `makespanMs`. */
export function shareOf(calls: readonly KnownCall[], limits: KnownLimits, makespanMs: number): Share {
  const use = { charge: sum(calls, (call) => call.charge), requests: calls.length };
  return partsOf(use, limits, (makespanMs + MINUTE_MS) / MINUTE_MS);
}

function partsOf(
  { charge, requests }: { charge: number; requests: number },
  { tokensPerMinute, requestsPerMinute }: KnownLimits,
  minutes: number,
): Share {
  return {
    ...(tokensPerMinute && { tokens: charge / (tokensPerMinute * minutes) }),
    ...(requestsPerMinute && { requests: requests / (requestsPerMinute * minutes) }),
  };
}

/** No safe schedule spans less between its first and its last start. Never negative. */
export function shortestMakespanMs(calls: readonly KnownCall[], limits: KnownLimits): number {
  const byTokens =
    occupiedMs(calls, { tokensPerMinute: limits.tokensPerMinute }) - longestExcessMs(calls) - MINUTE_MS;
  const byRequests = occupiedMs(calls, { requestsPerMinute: limits.requestsPerMinute }) - MINUTE_MS;
  return Math.max(byTokens, byRequests, (fewestMinutes(calls, limits) - 1) * MINUTE_MS, 0);
}

/** Minutes side by side that hold the starts: at the last start in each, all of them weigh, at their least. */
function fewestMinutes(calls: readonly KnownCall[], limits: KnownLimits): number {
  const { tokensPerMinute = Number.POSITIVE_INFINITY, requestsPerMinute = Number.POSITIVE_INFINITY } = limits;
  const least = calls.map(({ reservation, charge }) => Math.min(reservation, charge) / tokensPerMinute);
  const minutes = Math.max(
    ...DUAL_FEASIBLE.map((image) => sum(least, image)),
    calls.length / requestsPerMinute,
  );
  return Math.ceil(minutes - ROUNDING);
}

/** What a call adds to the time integral of an image of the sliding minute's use, as milliseconds of the whole limit. */
function weightOverTime(
  { reservation, charge, durationMs }: KnownCall,
  limit: number,
  image: (part: number) => number,
): number {
  const running = Math.min(durationMs, MINUTE_MS);
  const within = image(reservation / limit) * running + image(charge / limit) * (MINUTE_MS - running);
  return charge > reservation ? within + image((charge - reservation) / limit) * running : within;
}

const ROUNDING = 1e-9;
/** Of a part x: ⌊(k + 1) x⌋ ÷ k, or x itself where (k + 1) x is whole. */
const rounded =
  (k: number) =>
  (part: number): number => {
    const times = (k + 1) * part;
    return Math.abs(times - Math.round(times)) < ROUNDING ? part : Math.floor(times) / k;
  };
/** Parts above 1 − ε leave room for none that is not below ε: those count as a whole, these not at all. */
const threshold =
  (epsilon: number) =>
  (part: number): number =>
    part > 1 - epsilon ? 1 : part < epsilon ? 0 : part;
const DUAL_FEASIBLE: readonly ((part: number) => number)[] = [
  (part) => part,
  ...[1, 2, 3, 4, 5].map(rounded),
  ...[0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45].map(threshold),
];

/** Of the calls that cost more than they reserved, the longest: their debts weigh for so much longer. */
export function longestExcessMs(calls: readonly KnownCall[]): number {
  return calls.reduce((ms, call) => (call.charge > call.reservation ? Math.max(ms, call.durationMs) : ms), 0);
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
