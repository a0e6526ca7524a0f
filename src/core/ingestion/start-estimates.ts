import { ARRIVALS_MS, type BacklogFigures } from '../lane/backlog-figures.ts';
import { dayOf, isOfNothing, limitOf, nextDay, type TenantBudget } from '../lane/budgets.ts';
import type { Limits } from '../lane/catalog/limits.ts';
import { chargesIn, firstAnswerCharge } from '../lane/expected-charge.ts';
import {
  behindFor,
  type ExpectedStart,
  expectedStart,
  type Flow,
  laneMinutes,
  type Weights,
} from '../lane/expected-start.ts';
import type { LaneFigures, LaneStatus } from '../lane/ports.ts';
import { isLed } from '../lane/wake.ts';
import type { RequestRecord } from '../request/record.ts';
import { type Ahead, withinBudget } from './budgeted-start.ts';

/** What came so short before the leader counted may not have been in the index yet. */
const UNSEEN_MS = 500;
/** Requests of a line that come so close together are counted together. */
const SLOT_MS = 250;
/** What was taken longer ago does not matter any more. */
const REMEMBERED_MS = 60_000;
/** All containers are taken to have got at most so many times what this one got. */
const MOST_TIMES = 20;
/** And so many times in the worse case, where too little was counted to tell: an event source of SQS begins with five. */
const USUAL_TIMES = 5;
const ENOUGH_COUNTED = 5;
/** Lines that are not told one by one are taken to be so many at most. */
const MOST_LINES = 50;

type Arrival = Pick<RequestRecord, 'lane' | 'priority' | 'tenant' | 'input_tokens' | 'max_tokens'>;
type Line = Pick<Flow, 'priority' | 'tenant'> & {
  requests: number;
  tokens: number;
  requestsPerMinute: number;
  tokensPerMinute: number;
};
/** Requests of one line that came within {@link SLOT_MS}. */
type Taken = Pick<Flow, 'priority' | 'tenant'> & { at: number; requests: number };

const NOTHING: Omit<BacklogFigures, 'at'> = { arrived: 0, lines: [], rest: [] };

/**
 * When a request that is accepted now is expected to start: by what the lane's leader has counted last, and what has come since.
 * Of that a container knows only what it has taken itself. It is assumed that all containers together have taken as many times
 * that as they did before.
 */
export class StartEstimates {
  readonly #taken = new Map<string, Taken[]>();

  /**
   * Undefined: it does not start before somebody does something, or nothing is known of the lane. With a p95 of Infinity nothing
   * can be promised: the p50 is the earliest that the tenant's budget lets it start.
   */
  expectedFor(
    arrival: Arrival,
    status: LaneStatus | undefined,
    weights: Weights,
    now: number,
    budget: TenantBudget = {},
  ): ExpectedStart | undefined {
    if (isOfNothing(limitOf(budget))) return { p50: Number.POSITIVE_INFINITY, p95: Number.POSITIVE_INFINITY };
    const { limits, figures } = status ?? {};
    // Of a new lane, what the catalog says may be far from the account's quota.
    if (limits === undefined || figures?.paused !== undefined) return undefined;
    const backlog = figures?.backlog ?? { ...NOTHING, at: now - ARRIVALS_MS };
    // With a new day all budgets begin anew.
    const isToday = dayOf(backlog.at) === dayOf(now);
    const kept = isToday ? (figures?.kept ?? []) : [];
    const place = kept.indexOf(arrival.tenant);
    // What is left of its budget is held for calls that run, and may come back at any time.
    if (place >= (figures?.used_up ?? 0)) return undefined;
    const isUsedUp = place >= 0;
    if (isUsedUp && budget.at_limit === 'refuse') return undefined;
    const day = isUsedUp ? nextDay(dayOf(now)) : Date.parse(dayOf(now));
    const begin = Math.max(0, day - now);
    const speed = figures?.pace ?? figures?.share ?? 1;
    const led = isLed(status, now);
    const pace = { speed, free: freeOf(figures), startMs: figures?.start_ms, isLed: led };
    // A leader that has left has seen, and released, what came before it left.
    const since = Math.max(backlog.at - UNSEEN_MS, led ? 0 : now - ARRIVALS_MS);
    const startAfter = (times: number) => {
      const waiting = this.#waiting(arrival.lane, backlog, times, since);
      // What waits for its budget shares the lane with nobody today, and all of it begins together.
      const lines = waiting.filter(({ tenant }) => kept.includes(tenant) === isUsedUp);
      const before = flowsBefore(arrival, lines, limits);
      if (before === undefined) return undefined;
      const behindMs = behindFor(arrival.priority, before.ahead.requests, figures?.behind_ms);
      const start = expectedStart(before.own, before.others, weights, { ...pace, behindMs });
      return { ...before, p50: begin + start.p50, p95: begin + start.p95 };
    };
    const [likelyTimes, worseTimes] = this.#times(arrival.lane, backlog, since);
    const likely = startAfter(likelyTimes);
    const worse = worseTimes === likelyTimes ? likely : startAfter(worseTimes);
    if (likely === undefined || worse === undefined) return undefined;
    const expected = { p50: likely.p50, p95: worse.p95 };
    return withinBudget(expected, { budget, isUsedUp, begin: day - now, lane: arrival.lane, ...likely });
  }

  /** It has been accepted. */
  note({ lane, priority, tenant }: Pick<Arrival, 'lane' | 'priority' | 'tenant'>, now: number): void {
    const taken = this.#taken.get(lane) ?? [];
    this.#taken.set(lane, taken);
    const current = taken.findLast((it) => it.priority === priority && it.tenant === tenant);
    if (current !== undefined && now < current.at + SLOT_MS) {
      current.requests += 1;
      return;
    }
    const old = taken.findIndex(({ at }) => at > now - REMEMBERED_MS);
    if (old > taken.length / 2) taken.splice(0, old);
    taken.push({ priority, tenant, at: now, requests: 1 });
  }

  /** How many times what this container has taken all of them have: probably, and in the worse case. */
  #times(lane: string, { at, arrived }: BacklogFigures, since: number): [likely: number, worse: number] {
    const taken = this.#taken.get(lane) ?? [];
    const seenTo = at - UNSEEN_MS;
    const between = (from: number, to: number) =>
      taken.reduce((sum, it) => (it.at > from && it.at <= to ? sum + it.requests : sum), 0);
    const counted = between(seenTo - ARRIVALS_MS, seenTo);
    const likely = Math.min(MOST_TIMES, Math.max(1, arrived / Math.max(1, counted)));
    // Of a flood that has begun since, the leader has seen too little; and when it saw less than this container alone took, it lags.
    const enough = Math.max(ENOUGH_COUNTED, between(since, Number.POSITIVE_INFINITY));
    const isTold = counted >= enough && arrived >= counted;
    return [likely, isTold ? likely : Math.max(likely, USUAL_TIMES)];
  }

  /** @param times what this container has taken after `since` all of them have */
  #waiting(lane: string, { lines, rest }: BacklogFigures, times: number, since: number): Line[] {
    const found = new Map<string, Line>();
    const add = (line: Line) => {
      const name = `${line.priority}|${line.tenant}`;
      const before = found.get(name);
      if (before === undefined) {
        found.set(name, line);
        return;
      }
      before.requests += line.requests;
      before.tokens += line.tokens;
      before.requestsPerMinute += line.requestsPerMinute;
      before.tokensPerMinute += line.tokensPerMinute;
    };
    for (const [priority, tenant, requests, charge, perMinute] of lines) {
      const [tokens, tokensPerMinute] = [requests * charge, perMinute * charge];
      add({ priority, tenant, requests, tokens, requestsPerMinute: perMinute, tokensPerMinute });
    }
    for (const [priority, tenants, requests, tokens, perMinute] of rest) {
      const count = Math.min(tenants, MOST_LINES);
      const each = { requests: requests / count, tokens: tokens / count };
      const rates = { requestsPerMinute: 0, tokensPerMinute: perMinute / count };
      for (let nth = 0; nth < count; nth++) add({ priority, tenant: unnamed(nth), ...each, ...rates });
    }
    const taken = this.#taken.get(lane) ?? [];
    const all = [...found.values()];
    const waiting = all.reduce((sum, { requests }) => sum + requests, 0);
    const tokens = all.reduce((sum, line) => sum + line.tokens, 0);
    const charge = waiting === 0 ? firstAnswerCharge(lane) : tokens / waiting;
    for (const { at, priority, tenant, requests: own } of taken) {
      if (at <= since) continue;
      const requests = own * times;
      add({
        priority,
        tenant,
        requests,
        tokens: requests * charge,
        requestsPerMinute: 0,
        tokensPerMinute: 0,
      });
    }
    return [...found.values()];
  }
}

/** Minutes of the limits that go at once. What waits already, or where a limit is only assumed, is released evenly. */
function freeOf(figures: LaneFigures | undefined): number {
  if (figures === undefined || figures.waiting || figures.assumed !== undefined) return 0;
  return Math.max(0, figures.share - figures.utilisation);
}

/** Undefined: nothing is known of the lane's limits. */
function flowsBefore(
  arrival: Arrival,
  lines: Line[],
  limits: Limits,
): { own: Flow; ahead: Ahead; charge: number; others: Flow[] } | undefined {
  const before = takeOwn(lines, arrival);
  const charge = before.requests > 0 ? before.tokens / before.requests : chargesIn(arrival.lane)(arrival);
  const minutes = laneMinutes({ requests: before.requests + 1, tokens: before.tokens + charge }, limits);
  if (minutes === undefined) return undefined;
  const { priority, tenant } = arrival;
  const others = lines.map((it) => ({
    ...{ priority: it.priority, tenant: it.tenant },
    minutes: laneMinutes(it, limits) ?? 0,
    inflow: laneMinutes({ requests: it.requestsPerMinute, tokens: it.tokensPerMinute }, limits) ?? 0,
  }));
  return { own: { priority, tenant, minutes }, ahead: before, charge, others };
}

/** Takes the arrival's own line out of these. */
function takeOwn(lines: Line[], { priority, tenant }: Arrival): Ahead {
  const named = lines.findIndex((it) => it.priority === priority && it.tenant === tenant);
  const at =
    named >= 0 ? named : lines.findIndex((it) => it.priority === priority && it.tenant === unnamed(0));
  if (at < 0) return { requests: 0, tokens: 0, isGuess: false };
  const [{ requests, tokens }] = lines.splice(at, 1) as [Line];
  return { requests, tokens, isGuess: named < 0 };
}

/** A tenant that is not told by name; no producer can call one so. */
function unnamed(nth: number): string {
  return `|${nth}`;
}
