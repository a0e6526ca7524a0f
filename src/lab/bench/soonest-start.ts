/**
 * How soon the last of many calls can start, where each reserves more than it is charged. What calls are charged stays in the
 * minute, so the more of them have started, the less room there is for the reservations of the next: the burst gets slower and
 * slower. The integral of attainable.ts does not see it, because it weighs all moments alike.
 *
 * **Bound.** Suppose that all calls start between 0 and T, and U(t) ≤ L at all times. For any weights of time w(t) ≥ 0, then,
 * ∫ w U dt ≤ L ∫ w dt. A call that starts at t adds g(t) to the left side: its reservation while it runs and its charge from then
 * on, weighed. It adds no less than the least g between 0 and T; so where the sum of these, with what started before 0, is more
 * than L ∫ w dt, no schedule exists, and the last start is later than T.
 *
 * The weights are w(t) = e^(−(T − t) ÷ τ) up to T, and a lump at T: an early start lasts longer, a late one reserves when it counts
 * most. Where calls are alike, some τ makes all starts add the same, and the bound is that of calls that flow. Between the
 * moments from which a call has ended, or has left the minute, at T, g is linear in w(t): so its least value is at one of them,
 * at 0 or at T.
 */
import type { KnownCall } from './attainable.ts';

const MINUTE_MS = 60_000;
/** Weights that are tried: τ before T they are a third of what they are at T. */
const TAUS_MS = [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000];
/** The lump at T, in parts of all weight before it. */
const LUMPS = [0, 0.25, 0.5, 1, 2, 4];
/** The bound is looked for up to so much later, and found to the hundredth of a second. */
const FURTHEST_MS = 120_000;
const PRECISION_MS = 10;

/** A call that started before. */
export interface EarlierCall extends KnownCall {
  /** Negative: so long before 0. */
  startMs: number;
}

/**
 * No safe schedule of the calls starts its last sooner after 0. Never less than `atLeastMs`, which is known of it already.
 * @param before what had started: it is still running, or within the minute
 */
export function soonestLastStartMs(
  calls: readonly KnownCall[],
  before: readonly EarlierCall[],
  tokensPerMinute: number,
  atLeastMs: number,
): number {
  let known = atLeastMs;
  let open = atLeastMs + FURTHEST_MS;
  while (open - known > PRECISION_MS) {
    const lastMs = (known + open) / 2;
    if (TAUS_MS.some((tauMs) => isTooSoon(calls, before, tokensPerMinute, { lastMs, tauMs }))) known = lastMs;
    else open = lastMs;
  }
  return known;
}

/** Of time up to the last start. */
interface Weights {
  lastMs: number;
  tauMs: number;
}

function isTooSoon(
  calls: readonly KnownCall[],
  before: readonly EarlierCall[],
  limit: number,
  weights: Weights,
): boolean {
  const { lastMs } = weights;
  const all = weightOf(0, lastMs, weights);
  const earlier = before.map(({ startMs, ...call }) => addsAt(startMs, call, weights));
  const least = calls.map((call) =>
    [0, lastMs - MINUTE_MS, lastMs - runningMs(call), lastMs]
      .filter((startMs) => startMs >= 0)
      .map((startMs) => addsAt(startMs, call, weights)),
  );
  return LUMPS.some((part) => {
    const lump = part * all;
    const value = ({ before, at }: Adds) => before + lump * at;
    const sum =
      earlier.reduce((total, adds) => total + value(adds), 0) +
      least.reduce((total, starts) => total + Math.min(...starts.map(value)), 0);
    return sum > limit * (all + lump) * (1 + ROUNDING);
  });
}

const ROUNDING = 1e-9;

/** What a call adds to the weighed integral until the last start, and to the use at that moment. */
interface Adds {
  before: number;
  at: number;
}

function addsAt(startMs: number, call: KnownCall, weights: Weights): Adds {
  const { reservation } = call;
  // A charge above the reservation counts from the end on: it is left out.
  const charge = Math.min(reservation, call.charge);
  const endMs = startMs + runningMs(call);
  const leavesMs = startMs + MINUTE_MS;
  const { lastMs } = weights;
  return {
    before: reservation * weightOf(startMs, endMs, weights) + charge * weightOf(endMs, leavesMs, weights),
    at: endMs > lastMs ? reservation : leavesMs > lastMs ? charge : 0,
  };
}

function runningMs({ durationMs }: KnownCall): number {
  return Math.min(durationMs, MINUTE_MS);
}

/** The integral of w over a span, as far as it lies between 0 and the last start. */
function weightOf(fromMs: number, toMs: number, { lastMs, tauMs }: Weights): number {
  const from = Math.min(lastMs, Math.max(0, fromMs));
  const to = Math.min(lastMs, Math.max(0, toMs));
  return tauMs * (Math.exp((to - lastMs) / tauMs) - Math.exp((from - lastMs) / tauMs));
}
