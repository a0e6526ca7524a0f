/** What a run of a workload shows, and whether it is what was promised. */

import { PRIORITIES, type Priority } from '../../core/request/record.ts';
import type { Enforcement } from '../../local/bedrock/accounting.ts';
import type { Observation, SeenRequest } from '../simulation/observation.ts';
import type { Interval } from '../simulation/virtual-bedrock.ts';
import type { Workload } from '../simulation/workload.ts';
import { fairnessGap, unknowableGap } from './fairness.ts';
import { contains } from './intervals.ts';
import { type AttainedUtilisation, utilisationOf } from './utilisation.ts';

/** The most urgent priority waits no longer, 95 times in 100. */
const URGENT_WAIT_P95_MS = 1_500;
/** The gap between two tenants, in largest requests. */
const FAIRNESS_REQUESTS = 2;
/** Who arrives shortly before an outage or within its backlog's minute waits for its end. */
const OUTAGE_REACH: Interval = { from: -30_000, to: 60_000 };

export interface WaitFigures {
  count: number;
  p50: number;
  p95: number;
  p99: number;
}

/** A promise and what came of it. */
export interface Mark {
  target: string;
  met: boolean;
}

export interface Figures {
  workload: string;
  enforcement: Enforcement;
  seed: number;
  requests: number;
  completed: number;
  failed: number;
  calls: number;
  throttledShare: number;
  /** By lane; without those that had no backlog. */
  utilisation: AttainedUtilisation[];
  /** Milliseconds from accepted to sent to Bedrock; who still waits at the end counts with the wait so far. */
  waitMs: Partial<Record<Priority, WaitFigures>>;
  fairnessGapTokens: number;
  largestRequestTokens: number;
  /** What no scheduler can avoid that does not know how long answers are. */
  unknowableGapTokens: number;
  duplicateResults: number;
  violations: string[];
  marks: Mark[];
}

export function figuresOf(
  workload: Workload,
  observation: Observation,
  run: { enforcement: Enforcement; seed: number },
): Figures {
  const { requests, calls, endedAt, tally } = observation;
  const own = calls.filter((call) => !call.foreign);
  const throttled = own.filter((call) => call.end === 'throttled').length;
  const figures = {
    workload: workload.name,
    ...run,
    requests: requests.length,
    completed: requests.filter(({ status }) => status === 'COMPLETED').length,
    failed: requests.filter(({ status }) => status !== undefined && status !== 'COMPLETED').length,
    calls: own.length,
    throttledShare: own.length === 0 ? 0 : throttled / own.length,
    utilisation: workload.lanes.flatMap((lane) => utilisationOf(workload, lane, observation) ?? []),
    waitMs: waitsOf(requests, endedAt),
    fairnessGapTokens: Math.round(fairnessGap(requests, endedAt)),
    largestRequestTokens: own.reduce((most, call) => Math.max(most, call.reservation, call.charge), 0),
    unknowableGapTokens: Math.round(unknowableGap(requests)),
    duplicateResults: tally.duplicates,
    violations: tally.violations,
  };
  return { ...figures, marks: marksOf(workload, observation, figures) };
}

function marksOf(
  { targets, outages = [] }: Workload,
  { requests, beganAt, endedAt }: Observation,
  figures: Omit<Figures, 'marks'>,
): Mark[] {
  const marks: Mark[] = [];
  const mark = (target: string, met: boolean) => marks.push({ target, met });
  for (const { lane, ratio } of figures.utilisation) {
    mark(
      `${lane}: at least ${targets.utilisationRatio} of the attainable`,
      ratio >= targets.utilisationRatio,
    );
  }
  mark(`throttled below ${targets.throttledShare}`, figures.throttledShare < targets.throttledShare);
  if (targets.urgentIsWithinShare) {
    const aside = outages.map(({ from, to }) => ({
      from: beganAt + from + OUTAGE_REACH.from,
      to: beganAt + to + OUTAGE_REACH.to,
    }));
    const judged = requests.filter(({ acceptedAt }) => !contains(aside, acceptedAt));
    const p95 = waitsOf(judged, endedAt)[1]?.p95 ?? 0;
    mark(`priority 1 waits at most ${URGENT_WAIT_P95_MS} ms (p95)`, p95 <= URGENT_WAIT_P95_MS);
  }
  const apart = Math.max(FAIRNESS_REQUESTS * figures.largestRequestTokens, figures.unknowableGapTokens);
  mark(
    `tenants at most ${FAIRNESS_REQUESTS} largest requests apart, or what nobody can know`,
    figures.fairnessGapTokens <= apart,
  );
  const faults = figures.failed + figures.duplicateResults + figures.violations.length;
  mark('nothing failed, nothing called or answered twice', faults === 0);
  return marks;
}

function waitsOf(requests: readonly SeenRequest[], endedAt: number): Figures['waitMs'] {
  const waits: Figures['waitMs'] = {};
  for (const priority of PRIORITIES) {
    const sorted = requests
      .filter((request) => request.priority === priority)
      .map(({ acceptedAt, startedAt }) => (startedAt ?? endedAt) - acceptedAt)
      .sort((a, b) => a - b);
    if (sorted.length === 0) continue;
    const [p50, p95, p99] = [0.5, 0.95, 0.99].map((q) => quantile(sorted, q));
    waits[priority] = { count: sorted.length, p50: p50 ?? 0, p95: p95 ?? 0, p99: p99 ?? 0 };
  }
  return waits;
}

/** Nearest rank. */
function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? 0;
}
