/**
 * How much of a lane's quota was used while work was waiting, beside what could have been used. A call uses its charge for
 * a minute from its start, as the sliding minute counts it: so the measure does not depend on where in a span calls that
 * come in lumps fall.
 */

import { laneOf } from '../../core/lane/catalog/catalog.ts';
import type { QuotaLimits } from '../../local/bedrock/accounting.ts';
import type { Observation, SeenRequest } from '../simulation/observation.ts';
import type { Interval, SeenCall } from '../simulation/virtual-bedrock.ts';
import type { SimulatedLane, Workload } from '../simulation/workload.ts';
import { attainableShare } from './attainable.ts';
import { differenceOf, intersectionOf, lengthOf, unionOf } from './intervals.ts';

const MINUTE_MS = 60_000;
/** A request that has waited this long is backlog, not a wait for the next tick. */
const BACKLOG_AFTER_MS = 2_000;
/** What waits is a backlog when the quota needs this long for it. */
const BACKLOG_WORTH_MS = 5_000;
/** Shorter backlogs say nothing about a quota of a minute. */
const SHORTEST_BACKLOG_MS = 2 * MINUTE_MS;
/** The first minute of a backlog has an empty account behind it. */
const WARM_UP_MS = MINUTE_MS;
/** After an outage the account is empty; after a new quota has been announced, what was used under the old one still counts. */
const AFTERMATH_MS = MINUTE_MS;

export interface AttainedUtilisation {
  lane: string;
  /** Time that counts: backlog, without its first minute and without what the workload exempts. */
  backlogMinutes: number;
  /** The limit that binds. */
  binding: 'tokens' | 'requests';
  /** Settled use of the binding limit, of what others leave of it: 1 is all. */
  used: number;
  attainable: { lower: number; upper: number };
  /** `used` ÷ the lower bound: of what is known to be possible. */
  ratio: number;
}

/** Tokens and requests. */
interface Amounts {
  tokens: number;
  requests: number;
}

/** Undefined when the lane had no backlog worth measuring. */
export function utilisationOf(
  workload: Workload,
  lane: SimulatedLane,
  { requests, calls, beganAt, endedAt }: Observation,
): AttainedUtilisation | undefined {
  const name = laneOf(lane.modelId);
  const own = requests.filter((request) => request.lane === name);
  const spans = backlogsOf(own, lane.limits, endedAt)
    .filter(({ from, to }) => to - from >= SHORTEST_BACKLOG_MS)
    .map(({ from, to }) => ({ from: from + WARM_UP_MS, to }));
  const counted = differenceOf(spans, exemptionsOf(workload, name, beganAt));
  const minutes = lengthOf(counted) / MINUTE_MS;
  if (minutes < 1) return undefined;

  const admitted = calls.filter(
    (call) => call.lane === name && (call.end === 'settled' || call.end === 'faulty'),
  );
  const ours = admitted.filter((call) => !call.foreign);
  const capacity = capacityOf(workload, lane, counted, beganAt);
  const foreign = useWithin(
    counted,
    admitted.filter((call) => call.foreign),
  );
  const left = {
    tokens: capacity.tokens - foreign.tokens,
    requests: capacity.requests - foreign.requests,
  };
  const mix = ours.filter((call) => lengthOf(intersectionOf([minuteOf(call)], counted)) > 0);
  const bounds = attainableShare(mix, {
    tokensPerMinute: left.tokens / minutes,
    requestsPerMinute: left.requests / minutes,
  });
  const binding = (bounds.upper.tokens ?? 0) >= (bounds.upper.requests ?? 0) ? 'tokens' : 'requests';
  const used = useWithin(counted, ours)[binding] / left[binding];
  const asked = askedWithin(counted, own, ours)[binding] / left[binding];
  const attainable = {
    lower: Math.min(asked, bounds.lower[binding] ?? 1),
    upper: Math.min(asked, bounds.upper[binding] ?? 1),
  };
  return { lane: name, backlogMinutes: minutes, binding, used, attainable, ratio: used / attainable.lower };
}

/** When more waited than the quota needs a moment for. */
function backlogsOf(
  requests: readonly SeenRequest[],
  { tokensPerMinute = Number.POSITIVE_INFINITY, requestsPerMinute = Number.POSITIVE_INFINITY }: QuotaLimits,
  endedAt: number,
): Interval[] {
  const changes = requests.flatMap(({ acceptedAt, startedAt = endedAt, charge }) => {
    const from = acceptedAt + BACKLOG_AFTER_MS;
    const worthMs = MINUTE_MS * Math.max(charge / tokensPerMinute, 1 / requestsPerMinute);
    return from < startedAt
      ? [
          { at: from, worthMs },
          { at: startedAt, worthMs: -worthMs },
        ]
      : [];
  });
  changes.sort((a, b) => a.at - b.at);
  const spans: Interval[] = [];
  let waiting = 0;
  changes.forEach(({ at, worthMs }, index) => {
    waiting += worthMs;
    const next = changes[index + 1]?.at ?? at;
    if (waiting >= BACKLOG_WORTH_MS) spans.push({ from: at, to: next });
  });
  return unionOf(spans);
}

function minuteOf({ startedAt }: Pick<SeenCall, 'startedAt'>): Interval {
  return { from: startedAt, to: startedAt + MINUTE_MS };
}

/** What calls use of these spans: each its charge for a minute from its start, in amounts a minute × minutes. */
function useWithin(spans: readonly Interval[], calls: readonly SeenCall[]): Amounts {
  const use = { tokens: 0, requests: 0 };
  for (const call of calls) {
    const part = lengthOf(intersectionOf([minuteOf(call)], spans)) / MINUTE_MS;
    use.tokens += call.charge * part;
    use.requests += part;
  }
  return use;
}

/**
 * What could have been used at all of these spans, whatever the quota: what was under way when each began, and each
 * request that waited or came in it from the first moment on.
 */
function askedWithin(
  spans: readonly Interval[],
  requests: readonly SeenRequest[],
  calls: readonly SeenCall[],
): Amounts {
  const asked = { tokens: 0, requests: 0 };
  for (const span of spans) {
    const before = useWithin(
      [span],
      calls.filter(({ startedAt }) => startedAt < span.from),
    );
    asked.tokens += before.tokens;
    asked.requests += before.requests;
    for (const { acceptedAt, startedAt = Number.POSITIVE_INFINITY, charge } of requests) {
      if (startedAt < span.from) continue;
      const earliest = minuteOf({ startedAt: Math.max(acceptedAt, span.from) });
      const part = lengthOf(intersectionOf([earliest], [span])) / MINUTE_MS;
      asked.tokens += charge * part;
      asked.requests += part;
    }
  }
  return asked;
}

/** When nobody could be expected to use the quota: in an outage, and until a new quota is known. */
function exemptionsOf(workload: Workload, lane: string, beganAt: number): Interval[] {
  const outages = (workload.outages ?? []).map(({ from, to }) => ({ from, to: to + AFTERMATH_MS }));
  const changes = (workload.quotaChanges ?? [])
    .filter((change) => change.lane === lane)
    .map(({ at, announcedAfterMs }) => ({ from: at, to: at + announcedAfterMs + AFTERMATH_MS }));
  return [...outages, ...changes].map(({ from, to }) => ({ from: beganAt + from, to: beganAt + to }));
}

/** What the quota allows in all within these spans, as it changes. */
function capacityOf(
  workload: Workload,
  lane: SimulatedLane,
  spans: readonly Interval[],
  beganAt: number,
): Amounts {
  const changes = (workload.quotaChanges ?? []).filter((change) => change.lane === laneOf(lane.modelId));
  const phases = [{ at: Number.NEGATIVE_INFINITY, limits: lane.limits }, ...changes];
  const sum = (limitOf: (limits: QuotaLimits) => number | undefined) =>
    phases.reduce((total, { at, limits }, index) => {
      const phase = { from: beganAt + at, to: beganAt + (phases[index + 1]?.at ?? Number.POSITIVE_INFINITY) };
      const minutes = lengthOf(intersectionOf(spans, [phase])) / MINUTE_MS;
      const limit = limitOf(limits) ?? limitOf(lane.limits) ?? Number.POSITIVE_INFINITY;
      return minutes === 0 ? total : total + minutes * limit;
    }, 0);
  return {
    tokens: sum((limits) => limits.tokensPerMinute),
    requests: sum((limits) => limits.requestsPerMinute),
  };
}
