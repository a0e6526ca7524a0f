/**
 * A schedule of calls that is safe under every enforcement, made by somebody who knows how each will end (attainable.ts): it starts,
 * step by step, each of the next waiting calls that fits, in order. That keeps the sliding minute's use within the limit now and,
 * as every end is known, at all later times.
 */
import { OversizedCallError } from '../simulation/errors.ts';
import type { KnownCall, KnownLimits } from './attainable.ts';

const MINUTE_MS = 60_000;
/** How many waiting calls are considered for a gap that the first does not fit. */
const LOOKAHEAD = 64;
/** Starts fall on multiples of this. */
const STEP_MS = 100;
const MINUTE_STEPS = MINUTE_MS / STEP_MS;

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
