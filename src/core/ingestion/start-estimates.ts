import { ARRIVALS_MS, type BacklogFigures } from '../lane/backlog-figures.ts';
import { defaultLimitsOf } from '../lane/catalog/catalog.ts';
import {
  type ExpectedStart,
  expectedStart,
  type Flow,
  laneMinutes,
  type Weights,
} from '../lane/expected-start.ts';
import type { LaneStatus } from '../lane/ports.ts';
import type { RequestRecord } from '../request/record.ts';

/** What came so short before the leader counted may not have been in the index yet. */
const UNSEEN_MS = 500;
/** What a call is charged beside its input, before anything like it has been seen. */
const FIRST_ANSWER_TOKENS = 500;
/** Other containers are taken to have got at most so many times what this one got. */
const MOST_TIMES = 20;
/** Lines that are not told one by one are taken to be so many at most. */
const MOST_LINES = 50;

type Arrival = Pick<RequestRecord, 'lane' | 'priority' | 'tenant' | 'input_tokens' | 'max_tokens'>;
type Line = Pick<Flow, 'priority' | 'tenant'> & {
  requests: number;
  tokens: number;
  requestsPerMinute: number;
  tokensPerMinute: number;
};
type Taken = Pick<Flow, 'priority' | 'tenant'> & { at: number };

const NO_WORK = { requests: 0, tokens: 0, requestsPerMinute: 0, tokensPerMinute: 0 };
const NOTHING: Omit<BacklogFigures, 'at'> = { arrived: 0, lines: [], rest: [] };

/**
 * When a request that is accepted now is expected to start: by what the lane's leader has counted last, and what has come since.
 * Of that a container knows only what it has taken itself. It is assumed that all containers together have taken as many times
 * that as they did before.
 */
export class StartEstimates {
  readonly #taken = new Map<string, Taken[]>();

  /** Undefined: it does not start before somebody does something, or nothing is known of the lane. */
  expectedFor(
    arrival: Arrival,
    status: LaneStatus | undefined,
    weights: Weights,
    now: number,
  ): ExpectedStart | undefined {
    const { limits = defaultLimitsOf(arrival.lane), figures, lease_until = 0, asleep } = status ?? {};
    if (figures?.paused !== undefined) return undefined;
    const lines = this.#waiting(arrival.lane, figures?.backlog ?? { ...NOTHING, at: now }, now);
    const own = takeOwn(lines, arrival);
    const charge = own.requests > 0 ? own.tokens / own.requests : chargeOf(arrival);
    const minutes = laneMinutes({ requests: own.requests + 1, tokens: own.tokens + charge }, limits);
    if (minutes === undefined) return undefined;
    const others = lines.map((it) => ({
      ...{ priority: it.priority, tenant: it.tenant },
      minutes: laneMinutes(it, limits) ?? 0,
      inflow: laneMinutes({ requests: it.requestsPerMinute, tokens: it.tokensPerMinute }, limits) ?? 0,
    }));
    const { priority, tenant } = arrival;
    return expectedStart({ priority, tenant, minutes }, others, weights, {
      speed: figures?.pace ?? figures?.share ?? 1,
      isLed: lease_until > now && !asleep,
    });
  }

  /** It has been accepted. */
  note({ lane, priority, tenant }: Pick<Arrival, 'lane' | 'priority' | 'tenant'>, now: number): void {
    const taken = this.#taken.get(lane) ?? [];
    const old = taken.findIndex(({ at }) => at > now - 2 * ARRIVALS_MS);
    if (old > taken.length / 2) taken.splice(0, old);
    taken.push({ priority, tenant, at: now });
    this.#taken.set(lane, taken);
  }

  #waiting(lane: string, { at, arrived, lines, rest }: BacklogFigures, now: number): Line[] {
    const found = new Map<string, Line>();
    const add = (line: Line) => {
      const name = `${line.priority}|${line.tenant}`;
      const before = found.get(name) ?? { ...line, ...NO_WORK };
      found.set(name, {
        ...before,
        requests: before.requests + line.requests,
        tokens: before.tokens + line.tokens,
        requestsPerMinute: before.requestsPerMinute + line.requestsPerMinute,
        tokensPerMinute: before.tokensPerMinute + line.tokensPerMinute,
      });
    };
    for (const [priority, tenant, requests, charge, perMinute] of lines) {
      const rates = { requestsPerMinute: perMinute, tokensPerMinute: perMinute * charge };
      add({ priority, tenant, requests, tokens: requests * charge, ...rates });
    }
    for (const [priority, tenants, requests, tokens, perMinute] of rest) {
      const count = Math.min(tenants, MOST_LINES);
      const each = { requests: requests / count, tokens: tokens / count };
      const rates = { requestsPerMinute: 0, tokensPerMinute: perMinute / count };
      for (let nth = 0; nth < count; nth++) add({ priority, tenant: unnamed(nth), ...each, ...rates });
    }
    const taken = this.#taken.get(lane) ?? [];
    const counted = taken.filter((it) => it.at > at - ARRIVALS_MS && it.at <= at).length;
    const times = Math.min(MOST_TIMES, Math.max(1, arrived / Math.max(1, counted)));
    const since = Math.max(at - UNSEEN_MS, now - ARRIVALS_MS);
    const all = [...found.values()];
    const waiting = all.reduce((sum, { requests }) => sum + requests, 0);
    const tokens = all.reduce((sum, line) => sum + line.tokens, 0);
    const charge = waiting === 0 ? FIRST_ANSWER_TOKENS : tokens / waiting;
    for (const { priority, tenant } of taken.filter((it) => it.at > since)) {
      add({ priority, tenant, ...NO_WORK, requests: times, tokens: times * charge });
    }
    return [...found.values()];
  }
}

/** Takes the arrival's own line out of these. */
function takeOwn(lines: Line[], { priority, tenant }: Arrival): Pick<Line, 'requests' | 'tokens'> {
  const named = lines.findIndex((it) => it.priority === priority && it.tenant === tenant);
  const at =
    named >= 0 ? named : lines.findIndex((it) => it.priority === priority && it.tenant === unnamed(0));
  return at < 0 ? { requests: 0, tokens: 0 } : (lines.splice(at, 1)[0] as Line);
}

/** A tenant that is not told by name; no producer can call one so. */
function unnamed(nth: number): string {
  return `|${nth}`;
}

function chargeOf({ input_tokens, max_tokens = Number.POSITIVE_INFINITY }: Arrival): number {
  return input_tokens + Math.min(FIRST_ANSWER_TOKENS, max_tokens);
}
