/** How much of a lane's quota was used while work was waiting, beside what could have been used. */

import { laneOf } from '../../core/lane/catalog/catalog.ts';
import type { QuotaLimits } from '../../local/bedrock/accounting.ts';
import type { Observation } from '../simulation/observation.ts';
import type { Interval, SeenCall } from '../simulation/virtual-bedrock.ts';
import type { SimulatedLane, Workload } from '../simulation/workload.ts';
import { attainableShare } from './attainable.ts';
import { contains, differenceOf, intersectionOf, lengthOf, unionOf } from './intervals.ts';

const MINUTE_MS = 60_000;
/** A request that has waited this long is backlog, not a wait for the next tick. */
const BACKLOG_AFTER_MS = 2_000;
/** Shorter backlogs say nothing about a quota of a minute. */
const SHORTEST_BACKLOG_MS = 3 * MINUTE_MS;
/** The first minute of a backlog has an empty account behind it. */
const WARM_UP_MS = MINUTE_MS;
/** After a new quota has been announced, what was used under the old one still counts for a minute. */
const AFTER_ANNOUNCEMENT_MS = MINUTE_MS;

export interface AttainedUtilisation {
  lane: string;
  /** Time that counts: backlog, without its first minute and without what the workload exempts. */
  backlogMinutes: number;
  /** The limit that binds. */
  binding: 'tokens' | 'requests';
  /** Settled use of the binding limit, of what others leave of it: 1 is all. */
  used: number;
  attainable: { lower: number; upper: number };
  /** `used` ÷ the upper bound. */
  ratio: number;
}

/** Undefined when the lane had no backlog worth measuring. */
export function utilisationOf(
  workload: Workload,
  lane: SimulatedLane,
  { requests, calls, beganAt, endedAt }: Observation,
): AttainedUtilisation | undefined {
  const name = laneOf(lane.modelId);
  const waits = requests
    .filter((request) => request.lane === name)
    .map(({ acceptedAt, startedAt }) => ({ from: acceptedAt + BACKLOG_AFTER_MS, to: startedAt ?? endedAt }));
  const spans = unionOf(waits)
    .filter(({ from, to }) => to - from >= SHORTEST_BACKLOG_MS)
    .map(({ from, to }) => ({ from: from + WARM_UP_MS, to }));
  const counted = differenceOf(spans, exemptionsOf(workload, name, beganAt));
  const minutes = lengthOf(counted) / MINUTE_MS;
  if (minutes < 1) return undefined;

  const within = calls.filter(
    (call) => call.lane === name && call.end === 'settled' && contains(counted, call.startedAt),
  );
  const own = within.filter((call) => !call.foreign);
  const others = within.filter((call) => call.foreign);
  const capacity = capacityOf(workload, lane, counted, beganAt);
  const left = {
    tokens: capacity.tokens - chargesOf(others),
    requests: capacity.requests - others.length,
  };
  const bounds = attainableShare(own, {
    tokensPerMinute: left.tokens / minutes,
    requestsPerMinute: left.requests / minutes,
  });
  const binding = (bounds.upper.tokens ?? 0) >= (bounds.upper.requests ?? 0) ? 'tokens' : 'requests';
  const used = binding === 'tokens' ? chargesOf(own) / left.tokens : own.length / left.requests;
  const attainable = { lower: bounds.lower[binding] ?? 1, upper: bounds.upper[binding] ?? 1 };
  return { lane: name, backlogMinutes: minutes, binding, used, attainable, ratio: used / attainable.upper };
}

/** When nobody could be expected to use the quota: in an outage, and until a new quota is known. */
function exemptionsOf(workload: Workload, lane: string, beganAt: number): Interval[] {
  const outages = workload.outages ?? [];
  const changes = (workload.quotaChanges ?? [])
    .filter((change) => change.lane === lane)
    .map(({ at, announcedAfterMs }) => ({ from: at, to: at + announcedAfterMs + AFTER_ANNOUNCEMENT_MS }));
  return [...outages, ...changes].map(({ from, to }) => ({ from: beganAt + from, to: beganAt + to }));
}

/** What the quota allows in all within these spans, as it changes. */
function capacityOf(
  workload: Workload,
  lane: SimulatedLane,
  spans: readonly Interval[],
  beganAt: number,
): { tokens: number; requests: number } {
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

function chargesOf(calls: readonly SeenCall[]): number {
  return calls.reduce((sum, { charge }) => sum + charge, 0);
}
