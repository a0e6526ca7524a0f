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
 * **Lower bound.** A schedule made by starting, at every event, each of the next waiting calls that fits, in order. It
 * holds an expected excess from the start on, so that the end never overdraws. Feasible, hence attainable.
 *
 * The calls are a mix that must all run: the share is that of the whole mix, not of its cheapest part.
 */
import { OversizedCallError } from './errors.ts';
import { EventQueue } from './event-queue.ts';

const MINUTE_MS = 60_000;
/** How many waiting calls the constructive schedule considers for a gap that the first does not fit. */
const LOOKAHEAD = 64;
/** Traffic that counts as the long run. */
const LONG_RUN_MINUTES = 100;

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
  const starts = new Array<number>(calls.length).fill(0);
  const waiting = calls.map((call, index) => ({
    call,
    index,
    held: Math.max(call.reservation, call.charge),
  }));
  const events = new EventQueue();
  const free = { tokens: tokensPerMinute, requests: requestsPerMinute };

  for (let now = 0; waiting.length > 0; now = nextEvent(events, now)) {
    for (let place = 0; place < Math.min(waiting.length, LOOKAHEAD) && free.requests >= 1; ) {
      const { call, index, held } = waiting[place] as (typeof waiting)[number];
      if (held > tokensPerMinute) throw new OversizedCallError(held, tokensPerMinute);
      if (held > free.tokens) {
        place += 1;
        continue;
      }
      waiting.splice(place, 1);
      starts[index] = now;
      free.tokens -= held;
      free.requests -= 1;
      for (const [at, tokens] of giveBacks(call)) {
        events.add(now + at, () => {
          free.tokens += tokens;
        });
      }
      events.add(now + MINUTE_MS, () => {
        free.requests += 1;
      });
    }
  }
  return starts;
}

/** When, after its start, a call stops to weigh on the sliding minute, and by how much. */
function giveBacks({ reservation, charge, durationMs }: KnownCall): [atMs: number, tokens: number][] {
  if (charge > reservation) {
    return [
      [MINUTE_MS, reservation],
      [durationMs + MINUTE_MS, charge - reservation],
    ];
  }
  if (durationMs >= MINUTE_MS) return [[MINUTE_MS, reservation]];
  return [
    [durationMs, reservation - charge],
    [MINUTE_MS, charge],
  ];
}

/** Lets everything of the next instant happen. */
function nextEvent(events: EventQueue, now: number): number {
  const next = events.nextAt ?? now;
  while (events.nextAt === next) events.take()?.();
  return next;
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
