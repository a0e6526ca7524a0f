/**
 * How much urgent work comes, by what came lately: the rest leaves room for it while little becomes free. After a burst
 * has taken the minute at once, nothing leaves it for a minute.
 */
import type { Limits } from '../catalog/limits.ts';
import { bindingShare, NOBODY, partOf } from './headroom.ts';
import { type Amount, WINDOW_MS } from './ledger.ts';
import type { Sizing } from './sizing.ts';

/** What comes is counted in spans of this length: while a burst is under way it says nothing of what comes next. */
const SPAN_MS = 5_000;
/** As much is expected of the next as came in the last, or in about so many before it on average: whichever is more. */
const SPANS = 12;
/** Requests come at random: room is kept for so many standard deviations more than their mean. */
const CONFIDENCE = 1.65;
/** Urgent work waits for the slot of another that has just been let in, and hardly longer. */
const PROMPT_MS = 300;
/** Urgent work that has waited for so long asks for more than its share, or cannot be helped. */
const LONG_MS = 5_000;

/** One urgent request that nobody has seen coming finds its room, where it takes no more than this part of the minute. */
const UNFORESEEN_SHARE = 0.01;

/** Of the calls in a span: their number, sums of what they hold and are charged, and of the squares. */
const SUMS = ['calls', 'held', 'charge', 'heldSquared', 'chargeSquared'] as const;
type Sums = Record<(typeof SUMS)[number], number>;
const NONE: Sums = sumsOf(() => 0);

interface Seen {
  /** When the present span began, epoch milliseconds; none has before the first look. */
  since?: number;
  /** Spans that the mean is of. */
  spans: number;
  /** Of the present span, of the one before it, and the mean of all before. */
  sums: Sums;
  last: Sums;
  mean: Sums;
}

/** The same, with sums in the order of their names. */
export interface UrgentDemandState extends Pick<Seen, 'since' | 'spans'> {
  sums: number[];
  last: number[];
  mean: number[];
}

/** What a tick sees of urgent work, and of what is beside it. */
export interface UrgentNow {
  /** When the oldest urgent request that waits was accepted, epoch milliseconds; Infinity where none waits. */
  since: number;
  /** Its part of what is served beside what waits. */
  share: number;
  /** Requests that wait, of all priorities. */
  waiting: number;
  /** A call of the lane. */
  typical: Amount;
  used: Amount;
  limits: Limits;
  /** How long a call takes from its release. */
  runMs: number;
}

export interface UrgentForecast {
  /** Urgent work that waits goes before all others. */
  isFirst: boolean;
  /** What is kept for urgent calls that come within a time from now, milliseconds. */
  within(ms: number): { onAverage: Amount; atMost: Amount };
}

export class UrgentDemand {
  #state: Seen;

  constructor(state?: UrgentDemandState) {
    this.#state = {
      since: state?.since,
      spans: state?.spans ?? 0,
      sums: read(state?.sums),
      last: read(state?.last),
      mean: read(state?.mean),
    };
  }

  #advance(now: number): void {
    let { since = now, sums, last, mean, spans } = this.#state;
    for (let forgotten = 0; since + SPAN_MS <= now && forgotten < 10 * SPANS; forgotten++) {
      spans = Math.min(SPANS, spans + 1);
      last = sums;
      mean = meanOf(mean, last, spans);
      sums = NONE;
      since += SPAN_MS;
    }
    this.#state = { since: Math.max(since, now - SPAN_MS), sums, last, mean, spans };
  }

  /** An urgent call was released. */
  add({ held, charge }: Pick<Sizing, 'held' | 'charge'>): void {
    const one: Sums = { calls: 1, held, charge, heldSquared: held ** 2, chargeSquared: charge ** 2 };
    const { sums } = this.#state;
    this.#state = { ...this.#state, sums: sumsOf((sum) => sums[sum] + one[sum]) };
  }

  /** Urgent calls were charged so much more than was expected of them, or less: so are those to come. */
  correct(tokens: number): void {
    const { sums, last, mean, spans } = this.#state;
    const expected = sums.charge + spans * mean.charge;
    if (expected <= 0) return;
    const factor = Math.max(0, 1 + tokens / expected);
    const corrected = (it: Sums): Sums => ({
      ...it,
      charge: it.charge * factor,
      chargeSquared: it.chargeSquared * factor ** 2,
    });
    this.#state = { ...this.#state, sums: corrected(sums), last: corrected(last), mean: corrected(mean) };
  }

  /**
   * While urgent work asks for less than its share, it goes first and finds its room, whatever the shares of a moment say. Otherwise
   * what waits of it takes its turn among the others, and no room is kept beside for more.
   */
  foresee(now: number, seen: UrgentNow): UrgentForecast {
    this.#advance(now);
    const { typical, since, share, limits, runMs } = seen;
    const waits = since < Number.POSITIVE_INFINITY;
    const isFirst = waits && since > now - LONG_MS && this.#isWithin(share, limits);
    const isKept = isFirst || !waits;
    const most = isKept ? partOf(limits, share) : NOBODY;
    const patience = patienceMs(typical, limits);
    const unforeseen = unforeseenUrgent(seen);
    return { isFirst, within: (ms) => this.#within(ms - patience, runMs, { unforeseen, most }) };
  }

  /**
   * What the calls that come within a time from now on hold at its end.
   * @param runMs how long a call runs, and holds what it reserves
   * @param unforeseen what is kept of it at least
   * @param most its share: what comes beyond it waits for its turn like all others
   */
  #within(
    ms: number,
    runMs: number,
    { unforeseen, most }: { unforeseen: Amount; most: Amount },
  ): { onAverage: Amount; atMost: Amount } {
    const { last, mean } = this.#state;
    const atMost = amountOf(last.charge > mean.charge ? last : mean, ms, runMs, CONFIDENCE);
    const least = ms > 0 ? unforeseen : NOBODY;
    return {
      onAverage: lesser(amountOf(mean, ms, runMs, 0), most),
      atMost: lesser(greater(atMost, least), most),
    };
  }

  /** No more came in the last minute than this part of the limits: a few at once after a rest are not too many. */
  #isWithin(share: number, limits: Limits): boolean {
    const { mean } = this.#state;
    const perMinute = (sum: number) => (sum * WINDOW_MS) / SPAN_MS;
    const demand = { requests: perMinute(mean.calls), tokens: perMinute(mean.charge) };
    return bindingShare(demand, limits) <= share;
  }

  snapshot(): UrgentDemandState {
    const { sums, last, mean, ...rest } = this.#state;
    return { ...rest, sums: written(sums), last: written(last), mean: written(mean) };
  }
}

/** How long an urgent request may wait: for one slot, which others may have taken, and hardly longer. */
function patienceMs(typical: Amount, limits: Limits): number {
  return WINDOW_MS * bindingShare(typical, limits) + PROMPT_MS;
}

/** Room for one urgent request on a lane that has seen none lately. None is kept while all that waits fits into the minute. */
function unforeseenUrgent({ typical, waiting, used, limits }: UrgentNow): Amount {
  const all = { requests: used.requests + waiting, tokens: used.tokens + waiting * typical.tokens };
  const isKept = bindingShare(typical, limits) <= UNFORESEEN_SHARE && bindingShare(all, limits) > 1;
  return isKept ? typical : NOBODY;
}

/** Of those of `span` that come in `ms`, with so many standard deviations. */
function amountOf(
  { calls, held, charge, heldSquared, chargeSquared }: Sums,
  ms: number,
  runMs: number,
  deviations: number,
): Amount {
  const running = Math.max(0, Math.min(ms, runMs)) / SPAN_MS;
  const ended = Math.max(0, ms - runMs) / SPAN_MS;
  const sum = (mean: number, variance: number) => mean + deviations * Math.sqrt(variance);
  const come = calls * (running + ended);
  return {
    requests: sum(come, come),
    tokens: sum(held * running + charge * ended, heldSquared * running + chargeSquared * ended),
  };
}

function lesser(one: Amount, other: Amount): Amount {
  return {
    requests: Math.min(one.requests, other.requests),
    tokens: Math.min(one.tokens, other.tokens),
  };
}

function greater(one: Amount, other: Amount): Amount {
  return {
    requests: Math.max(one.requests, other.requests),
    tokens: Math.max(one.tokens, other.tokens),
  };
}

function sumsOf(of: (sum: keyof Sums) => number): Sums {
  return Object.fromEntries(SUMS.map((sum) => [sum, of(sum)])) as Sums;
}

function meanOf(mean: Sums, next: Sums, count: number): Sums {
  return sumsOf((sum) => mean[sum] + (next[sum] - mean[sum]) / count);
}

function read(sums: readonly number[] = []): Sums {
  return sumsOf((sum) => sums[SUMS.indexOf(sum)] ?? 0);
}

/** Calls to a hundredth, tokens to one. */
function written(sums: Sums): number[] {
  return SUMS.map((sum) => (sum === 'calls' ? Math.round(sums[sum] * 100) / 100 : Math.round(sums[sum])));
}
