/** Whether requests started by the time that was promised when they were accepted, and how exact the estimates were. */

import { quantile } from '../quantiles.ts';
import { type Observation, waitOf } from '../simulation/observation.ts';
import type { Workload } from '../simulation/workload.ts';

/** All but one in twenty start before the promised time. */
export const KEPT_SHARE = 0.95;
/** Shorter waits count as so long where they are compared: nobody minds the difference. */
const LEAST_MS = 1_000;

export interface PromiseFigures {
  /** Requests whose promise has been kept or broken. */
  promised: number;
  /** As a share of these. */
  kept: number;
  /** Requests to which nothing could be promised. */
  unpromised: number;
  /** What was waited, as a multiple of what was expected. */
  waitedOfExpected: { p5: number; p50: number; p95: number };
  /** What was promised, as a multiple of what was waited: 1 is exact. */
  promisedOfWaited: { p50: number; p95: number };
}

/** Undefined where nothing was promised. */
export function promisesOf({ requests, endedAt }: Observation): PromiseFigures | undefined {
  const known = requests.flatMap((request) => {
    const { acceptedAt, expectedStartAt, promisedStartAt } = request;
    if (expectedStartAt === undefined || promisedStartAt === undefined) return [];
    // Whether a request that still waits starts in time is known only once it is late.
    if (request.startedAt === undefined && promisedStartAt >= endedAt) return [];
    return [
      {
        waited: waitOf(request, endedAt),
        expected: expectedStartAt - acceptedAt,
        promised: promisedStartAt - acceptedAt,
      },
    ];
  });
  if (known.length === 0) return undefined;
  const ratios = known.map(({ waited, expected }) => atLeast(waited) / atLeast(expected));
  const tightness = known.map(({ waited, promised }) => atLeast(promised) / atLeast(waited));
  return {
    promised: known.length,
    kept: known.filter(({ waited, promised }) => waited <= promised).length / known.length,
    unpromised: requests.filter(({ promisedStartAt }) => promisedStartAt === undefined).length,
    waitedOfExpected: { p5: quantile(ratios, 0.05), p50: quantile(ratios, 0.5), p95: quantile(ratios, 0.95) },
    promisedOfWaited: { p50: quantile(tightness, 0.5), p95: quantile(tightness, 0.95) },
  };
}

/** Nothing happens to the quota that nobody could know beforehand. */
export function isCalm({ quotaChanges, foreign, outages, faultRate }: Workload): boolean {
  return ![quotaChanges?.length, foreign?.length, outages?.length, faultRate].some(Boolean);
}

function atLeast(ms: number): number {
  return Math.max(LEAST_MS, ms);
}
