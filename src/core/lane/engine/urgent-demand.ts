/**
 * How much urgent work comes, by what came lately: the rest leaves room for it while little becomes free. After a burst
 * has taken the minute at once, nothing leaves it for a minute.
 */
import type { Limits } from '../catalog/limits.ts';
import { bindingShare, NOBODY } from './headroom.ts';
import { type Amount, WINDOW_MS } from './ledger.ts';
import type { Sizing } from './sizing.ts';

/** What comes is counted in spans of this length: while a burst is under way it says nothing of what comes next. */
const SPAN_MS = 5_000;
/** As much is expected of the next as came in the last, or in so many before it on average: whichever is more. */
const SPANS = 12;
/** Requests come at random: room is kept for so many standard deviations more than their mean. */
const CONFIDENCE = 1.65;
/** Urgent work waits for the slot of another that has just been let in, and hardly longer. */
const PROMPT_MS = 300;

/** One urgent request that nobody has seen coming finds its room, where it takes no more than this part of the minute. */
const UNFORESEEN_SHARE = 0.01;

/** Of the calls in a span: their number, sums of what they hold and are charged, and of the squares. */
const SUMS = ['calls', 'held', 'charge', 'heldSquared', 'chargeSquared'] as const;
type Sums = Record<(typeof SUMS)[number], number>;
const NONE: Sums = sumsOf(() => 0);

interface Seen {
  /** When the present span began, epoch milliseconds; none has before the first look. */
  since?: number;
  /** Of the present span. */
  sums: Sums;
  /** Of the last minute's spans before it, the last first. */
  spans: readonly Sums[];
}

/** The same, with sums in the order of their names. */
export interface UrgentDemandState {
  since?: number;
  sums: number[];
  spans: number[][];
}

/** What a tick sees of urgent work, and of what is beside it. */
export interface UrgentNow {
  /** Its part of what is served beside what waits. */
  share: number;
  /** Requests that wait, of all priorities. */
  waiting: number;
  /** Some of them are urgent. */
  waits: boolean;
  /** A call of the lane. */
  typical: Amount;
  used: Amount;
  limits: Limits;
  /** What the lane is able to serve in a minute. */
  capacity: Amount;
  /** How long a call takes from its release. */
  runMs: number;
}

export interface UrgentForecast {
  /** It has had less than its share: what waits of it goes before all others. */
  isWithin: boolean;
  /** What is kept for urgent calls that come within a time from now, milliseconds. */
  within(ms: number): { onAverage: Amount; atMost: Amount };
}

export class UrgentDemand {
  #state: Seen;

  constructor(state?: UrgentDemandState) {
    // An earlier release wrote one mean instead of spans.
    const spans = Array.isArray(state?.spans) ? state.spans : [];
    this.#state = { since: state?.since, sums: read(state?.sums), spans: spans.map(read) };
  }

  #advance(now: number): void {
    let { since = now, sums, spans } = this.#state;
    for (let passed = 0; since + SPAN_MS <= now && passed <= SPANS; passed++) {
      spans = [sums, ...spans].slice(0, SPANS);
      sums = NONE;
      since += SPAN_MS;
    }
    this.#state = { since: Math.max(since, now - SPAN_MS), sums, spans };
  }

  /** An urgent call was released. */
  add({ held, charge }: Pick<Sizing, 'held' | 'charge'>): void {
    const one: Sums = { calls: 1, held, charge, heldSquared: held ** 2, chargeSquared: charge ** 2 };
    const { sums } = this.#state;
    this.#state = { ...this.#state, sums: sumsOf((sum) => sums[sum] + one[sum]) };
  }

  /** Urgent calls were charged so much more than was expected of them, or less: so are those to come. */
  correct(tokens: number): void {
    const { sums, spans } = this.#state;
    const expected = [sums, ...spans].reduce((all, { charge }) => all + charge, 0);
    if (expected <= 0) return;
    const factor = Math.max(0, 1 + tokens / expected);
    const corrected = (it: Sums): Sums => ({
      ...it,
      charge: it.charge * factor,
      chargeSquared: it.chargeSquared * factor ** 2,
    });
    this.#state = { ...this.#state, sums: corrected(sums), spans: spans.map(corrected) };
  }

  /**
   * Urgent work is entitled to its share of each minute. While it has had less in the last one, what waits of it goes first, whatever
   * the shares of a moment say; when it has had as much, it takes its turn among the others. They leave room for what it may still
   * ask for: beside what it has had, as far as that still counts by then.
   */
  foresee(now: number, { typical, share, waits, capacity, runMs, ...seen }: UrgentNow): UrgentForecast {
    this.#advance(now);
    const entitled = { requests: share * capacity.requests, tokens: share * capacity.tokens };
    const releasedSince = this.#releasedSince();
    const had = releasedSince(now - WINDOW_MS);
    const isWithin = had.requests <= entitled.requests && had.tokens <= entitled.tokens;
    const patience = patienceMs(typical, seen.limits);
    const unforeseen = unforeseenUrgent(typical, seen);
    const spans = waits ? this.#state.spans : withoutLump(this.#state.spans);
    const [last = NONE] = spans;
    const mean = meanOf(spans);
    return {
      isWithin,
      within: (ms) => {
        const left = without(entitled, releasedSince(now + ms - WINDOW_MS));
        // Room for a part of a request is room for nobody.
        const most = { ...left, requests: Math.floor(left.requests) };
        return comingIn(ms - patience, runMs, { last, mean, unforeseen, most });
      },
    };
  }

  /** What was released since a time: of a span that had begun before, all. */
  #releasedSince(): (time: number) => Amount {
    const { since = 0, sums, spans } = this.#state;
    let sum = { requests: sums.calls, tokens: sums.charge };
    const released = [sum];
    for (const { calls, charge } of spans) {
      sum = { requests: sum.requests + calls, tokens: sum.tokens + charge };
      released.push(sum);
    }
    return (time) =>
      released[Math.min(spans.length, Math.max(0, Math.ceil((since - time) / SPAN_MS)))] ?? sum;
  }

  snapshot(): UrgentDemandState {
    const { since, sums, spans } = this.#state;
    return { since, sums: written(sums), spans: spans.map(written) };
  }
}

/**
 * What the urgent calls that come within a time from now on hold at its end.
 * @param runMs how long a call runs, and holds what it reserves
 * @param unforeseen what is kept of it at least
 * @param most what comes beyond it waits for its turn like all others
 */
function comingIn(
  ms: number,
  runMs: number,
  { last, mean, unforeseen, most }: { last: Sums; mean: Sums; unforeseen: Amount; most: Amount },
): { onAverage: Amount; atMost: Amount } {
  const atMost = amountOf(last.charge > mean.charge ? last : mean, ms, runMs, CONFIDENCE);
  const least = ms > 0 ? unforeseen : NOBODY;
  return {
    onAverage: lesser(amountOf(mean, ms, runMs, 0), most),
    atMost: lesser(greater(atMost, least), most),
  };
}

/** The spans, with no more in the largest than the others let expect: one burst that has been served is no rate, a second one is. */
function withoutLump(spans: readonly Sums[]): readonly Sums[] {
  if (spans.length < 2) return spans;
  const most = Math.max(...spans.map(({ calls }) => calls));
  const lump = spans.findIndex(({ calls }) => calls === most);
  const { calls } = meanOf(spans.filter((_, index) => index !== lump));
  const part = (calls + CONFIDENCE * Math.sqrt(calls) + 1) / most;
  return part >= 1 ? spans : spans.map((it, index) => (index === lump ? times(it, part) : it));
}

/** How long an urgent request may wait: for one slot, which others may have taken, and hardly longer. */
function patienceMs(typical: Amount, limits: Limits): number {
  return WINDOW_MS * bindingShare(typical, limits) + PROMPT_MS;
}

/** Room for one urgent request on a lane that has seen none lately. None is kept while all that waits fits into the minute. */
function unforeseenUrgent(
  typical: Amount,
  { waiting, used, limits }: Pick<UrgentNow, 'waiting' | 'used' | 'limits'>,
): Amount {
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

function times(sums: Sums, factor: number): Sums {
  return sumsOf((sum) => sums[sum] * factor);
}

function meanOf(spans: readonly Sums[]): Sums {
  return sumsOf((sum) => spans.reduce((all, it) => all + it[sum], 0) / Math.max(1, spans.length));
}

function without(amount: Amount, less: Amount): Amount {
  return {
    requests: Math.max(0, amount.requests - less.requests),
    tokens: Math.max(0, amount.tokens - less.tokens),
  };
}

function read(sums: readonly number[] = []): Sums {
  return sumsOf((sum) => sums[SUMS.indexOf(sum)] ?? 0);
}

/** To three digits: it is a forecast. */
function written(sums: Sums): number[] {
  return SUMS.map((sum) => Number(sums[sum].toPrecision(3)));
}
