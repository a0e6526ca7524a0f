/** How long a burst of requests took until its last answer, against the least possible. */
import { laneOf } from '../../core/lane/catalog/catalog.ts';
import type { Observation, SeenRequest } from '../simulation/observation.ts';
import type { SeenCall } from '../simulation/virtual-bedrock.ts';
import type { SimulatedLane } from '../simulation/workload.ts';
import { longestExcessMs, occupiedMs, shortestMakespanMs, withReaction } from './attainable.ts';
import { groupBy } from './fairness.ts';
import { soonestLastStartMs } from './soonest-start.ts';

const MINUTE_MS = 60_000;
/** A start as results tell it may be so much earlier than at Bedrock: a worker's clock and the way there. */
const EARLY_MS = 100;

export interface BurstTime {
  /** From its arrival until its last answer, or until the run's end. */
  tookMs: number;
  /** No scheduler is done sooner, whatever it knows. */
  leastMs: number;
  /** Its slowest call. */
  slowestMs: number;
  /** It fits into what was free of the minute: it need not wait for quota. */
  fits: boolean;
}

/** The bursts of a lane; those without the time to be served are left out. */
export function burstTimes(
  { modelId, limits }: SimulatedLane,
  { requests, calls, endedAt }: Observation,
): BurstTime[] {
  const lane = laneOf(modelId);
  const own = calls.filter((call) => call.lane === lane && call.end !== 'throttled' && call.end !== 'out');
  const ofBursts = requests.filter((request) => request.lane === lane && request.burst !== undefined);
  return [...groupBy(ofBursts, ({ burst }) => String(burst)).values()].flatMap((burst) => {
    const time = burstTime(burst, own, limits, endedAt);
    return time.leastMs + MINUTE_MS > endedAt - arrivalOf(burst) ? [] : [time];
  });
}

function burstTime(
  burst: readonly SeenRequest[],
  calls: readonly SeenCall[],
  limits: SimulatedLane['limits'],
  endedAt: number,
): BurstTime {
  const arrivedAt = arrivalOf(burst);
  const done = burst.reduce((last, { finishedAt = endedAt }) => Math.max(last, finishedAt), arrivedAt);
  const lastStart = burst.reduce((last, { startedAt = endedAt }) => Math.max(last, startedAt), arrivedAt);
  const durations = burst.map(({ startedAt = 0, finishedAt = startedAt }) => finishedAt - startedAt);
  // All that started meanwhile had to be served, and what started before takes its part of the minute.
  const served = calls.filter(({ startedAt }) => arrivedAt <= startedAt && startedAt <= lastStart + EARLY_MS);
  const before = calls.filter(({ startedAt }) => arrivedAt - MINUTE_MS < startedAt && startedAt < arrivedAt);
  const leastStartMs = leastMakespanMs(served, before, arrivedAt, limits);
  const slowest = durations.reduce((most, ms) => Math.max(most, ms), 0);
  const quickest = durations.reduce((least, ms) => Math.min(least, ms), Number.POSITIVE_INFINITY);
  return {
    tookMs: done - arrivedAt,
    leastMs: Math.max(slowest, leastStartMs + quickest),
    slowestMs: slowest,
    fits: leastStartMs === 0,
  };
}

/** When the last of `served` may start, after `at`, behind what was started in the minute before. */
function leastMakespanMs(
  served: readonly SeenCall[],
  before: readonly SeenCall[],
  at: number,
  limits: SimulatedLane['limits'],
): number {
  const takenMs = before.reduce(
    (sum, call) => sum + (occupiedMs([call], limits) * (call.startedAt + MINUTE_MS - at)) / MINUTE_MS,
    0,
  );
  // Those that run at a moment hold their reservations together.
  const { tokensPerMinute = Number.POSITIVE_INFINITY } = limits;
  const running = served.reduce((sum, { reservation, durationMs }) => sum + reservation * durationMs, 0);
  const longest = served.reduce((most, { durationMs }) => Math.max(most, durationMs), 0);
  const whileRunning = running / tokensPerMinute - longest;
  const afterAll = occupiedMs(served, limits) - longestExcessMs(served) + takenMs - MINUTE_MS;
  const first = before.reduce((earliest, { startedAt }) => Math.min(earliest, startedAt), at);
  const withAll = first - at + shortestMakespanMs([...before, ...served], limits);
  const known = Math.max(0, afterAll, whileRunning, withAll, shortestMakespanMs(served, limits));
  const earlier = before.map((call) => ({ ...withReaction(call), startMs: call.startedAt - at }));
  return soonestLastStartMs(served.map(withReaction), earlier, tokensPerMinute, known);
}

function arrivalOf(burst: readonly SeenRequest[]): number {
  return burst.reduce((first, { acceptedAt }) => Math.min(first, acceptedAt), Number.POSITIVE_INFINITY);
}
