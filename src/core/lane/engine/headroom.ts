/** What a tick may still release, as its releases fill it. */
import type { Limits } from '../catalog/limits.ts';
import { laneMinutes } from '../expected-start.ts';
import { type Amount, atMost, type LedgerTotals, WINDOW_MS } from './ledger.ts';
import type { Left, Outlook } from './outlook.ts';
import type { Sizing } from './sizing.ts';

/** What the coming minute is expected to bring. */
export interface Expected {
  outlook: Outlook;
  /** What counts of the releases, with what they are expected to be charged in the end. */
  released: Outlook;
  /** How long a call takes from its release. */
  runMs: number;
  /** What urgent requests will need that come from now on, by milliseconds from now, at most and on average. */
  urgentIn(ms: number): { atMost: Amount; onAverage: Amount };
}

/** What is taken, and what of it will be charged. */
export interface Flow extends Amount {
  charges: number;
}

export const NOBODY: Amount = { requests: 0, tokens: 0 };

export class Headroom {
  readonly #used: LedgerTotals;
  /** Beside the urgent work that comes on average. */
  readonly #left: Left[];
  /** Of the limits, beside what the last minute's releases are expected to be charged. */
  readonly #unreleased: Left[];
  /**
   * The least that is left in the coming minute, while a call runs that is released now, and after it: beside what Bedrock counts
   * now, the debts that running calls are expected to owe, and urgent requests that are yet to come.
   */
  readonly #least: Record<'running' | 'ended', Amount>;
  /** The urgent work that comes on average in a minute. */
  readonly #urgent: Amount;
  /** By how much what becomes free falls behind an even flow of the limits, at worst: milliseconds. */
  readonly behindMs: number;

  /** @param used what Bedrock may count now */
  constructor(
    used: LedgerTotals,
    private readonly limits: Limits,
    { outlook, released, runMs, urgentIn }: Expected,
  ) {
    this.#used = { ...used };
    const { requests, tokens } = amountOf(limits);
    const part = (left: number, limit: number) => (limit === Number.POSITIVE_INFINITY ? 1 : left / limit);
    this.#left = [];
    this.#least = { running: endless(), ended: endless() };
    this.#urgent = urgentIn(WINDOW_MS).onAverage;
    let behindMs = Number.NEGATIVE_INFINITY;
    for (const left of outlook.leftOf({ requests, tokens: tokens - (atMost(used) - used.tokens) })) {
      const urgent = urgentIn(left.inMs);
      this.#left.push(without(left, urgent.onAverage));
      lower(this.#least[left.inMs <= runMs ? 'running' : 'ended'], without(left, urgent.atMost));
      const share = Math.min(part(left.requests, requests), part(left.tokens, tokens));
      behindMs = Math.max(behindMs, left.inMs - WINDOW_MS * share);
    }
    this.behindMs = behindMs;
    this.#unreleased = released.leftOf({ requests, tokens });
    for (const left of this.#unreleased) lower(this.#least.ended, left);
  }

  /**
   * At what rate all that is and becomes free can be taken, without a pause, within a time from now: of a millisecond.
   * @param ahead by so much what is taken may be ahead of what is free
   */
  rateWithin(ms: number, ahead: Amount): Flow {
    return {
      ...rateOf(this.#left, ms, ahead),
      charges: rateOf(this.#unreleased, ms, ahead).tokens,
    };
  }

  /** Urgent work has come within the last minute. */
  get expectsUrgent(): boolean {
    return this.#urgent.requests > 0;
  }

  /** An even flow of the limits, beside the urgent work that comes on average: of a millisecond. 0 where there is no limit. */
  get evenFlow(): Flow {
    const { requests, tokens } = amountOf(this.limits);
    const of = (limit: number, urgent: number) =>
      limit === Number.POSITIVE_INFINITY ? 0 : Math.max(0, limit - urgent) / WINDOW_MS;
    const flow = { requests: of(requests, this.#urgent.requests), tokens: of(tokens, this.#urgent.tokens) };
    return { ...flow, charges: flow.tokens };
  }

  /** What is left beside what must be kept, so that a flow can go on for so long. */
  spareOf(flow: Flow, ms: number): Flow {
    return {
      ...spareOf(this.#left, ms, flow),
      charges: spareOf(this.#unreleased, ms, { requests: 0, tokens: flow.charges }).tokens,
    };
  }

  /** Bedrock must admit the call now, whatever it counts. A call larger than the lane's present share runs alone. */
  fits(call: Sizing, limits = this.limits): boolean {
    const most = amountOf(limits);
    if (this.#used.requests + 1 > most.requests) return false;
    if (this.#used.tokens === 0) return true;
    const { tokens, variance } = this.#used;
    const now = atMost({ tokens: tokens + call.held, variance: variance + call.variance });
    return now <= most.tokens;
  }

  /** It leaves room for what is yet to come. A call that runs alone does. */
  leavesRoom(call: Sizing): boolean {
    if (this.#used.tokens === 0) return true;
    const { running, ended } = this.#least;
    const requests = Math.min(running.requests, ended.requests);
    return requests >= 1 && running.tokens >= call.held && ended.tokens >= call.charge;
  }

  /** No more than so many tokens count. */
  holds(tokens: number): boolean {
    return this.#used.tokens <= tokens;
  }

  /** What part of the urgent work that comes in a minute, on average, finds no room beside it: from 0 to 1. */
  stopsOfUrgent({ held }: Sizing): number {
    const { tokens } = this.#urgent;
    const over = held + tokens - amountOf(this.limits).tokens;
    return over <= 0 || tokens === 0 ? 0 : Math.min(1, over / tokens);
  }

  take({ held, variance, charge }: Sizing): void {
    this.#used.requests += 1;
    this.#used.tokens += held;
    this.#used.variance += variance;
    const { running, ended } = this.#least;
    running.requests -= 1;
    running.tokens -= held;
    ended.requests -= 1;
    ended.tokens -= charge;
  }
}

/** What is used of the limit that binds: 1 is all of it. */
export function bindingShare(used: Amount, limits: Limits): number {
  return laneMinutes(used, limits) ?? 0;
}

/** What a lane is able to serve in a minute: what it released in the last, and what it could have released beside. */
export function capacityOf(limits: Limits, released: Amount, used: Amount): Amount {
  const { requests, tokens } = amountOf(limits);
  const of = (limit: number, released: number, used: number) =>
    Math.min(limit, released + Math.max(0, limit - used));
  return {
    requests: of(requests, released.requests, used.requests),
    tokens: of(tokens, released.tokens, used.tokens),
  };
}

/** Nothing is known to be scarce. */
function endless(): Amount {
  return { requests: Number.POSITIVE_INFINITY, tokens: Number.POSITIVE_INFINITY };
}

function lower(least: Amount, { requests, tokens }: Amount): void {
  least.requests = Math.min(least.requests, requests);
  least.tokens = Math.min(least.tokens, tokens);
}

function rateOf(lefts: readonly Left[], ms: number, ahead: Amount): Amount {
  const rate = endless();
  for (const { inMs, requests, tokens } of lefts) {
    if (inMs === 0 || inMs > ms) continue;
    lower(rate, {
      requests: (requests + ahead.requests) / inMs,
      tokens: (tokens + ahead.tokens) / inMs,
    });
  }
  return rate;
}

function spareOf(lefts: readonly Left[], ms: number, flow: Amount): Amount {
  const spare = endless();
  for (const { inMs, requests, tokens } of lefts) {
    if (inMs > ms) break;
    lower(spare, { requests: requests - flow.requests * inMs, tokens: tokens - flow.tokens * inMs });
  }
  return spare;
}

function without({ inMs, requests, tokens }: Left, needs: Amount): Left {
  return { inMs, requests: requests - needs.requests, tokens: tokens - needs.tokens };
}

function amountOf({
  requests_per_minute: requests = Number.POSITIVE_INFINITY,
  tokens_per_minute: tokens = Number.POSITIVE_INFINITY,
}: Limits): Amount {
  return { requests, tokens };
}
