/** What a run of a workload shows, and whether it is what was promised. */

import { laneOf } from '../../core/lane/catalog/catalog.ts';
import { PRIORITIES, type Priority } from '../../core/request/record.ts';
import type { Enforcement, QuotaLimits } from '../../local/bedrock/accounting.ts';
import { quantile } from '../quantiles.ts';
import { type Observation, type SeenRequest, waitOf } from '../simulation/observation.ts';
import type { Interval } from '../simulation/virtual-bedrock.ts';
import type { SimulatedLane, Workload } from '../simulation/workload.ts';
import { attainableShare, type KnownCall } from './attainable.ts';
import { type BurstTime, burstTimes } from './bursts.ts';
import { type Fairness, fairnessOf } from './fairness.ts';
import { contains } from './intervals.ts';
import { isCalm, KEPT_SHARE, type PromiseFigures, promisesOf } from './promises.ts';
import { type Holding, unavoidableWaits } from './unavoidable.ts';
import { type AttainedUtilisation, utilisationOf } from './utilisation.ts';

/** The most urgent priority waits no longer than it must and this, 95 times in 100. */
export const URGENT_WAIT_P95_MS = 1_500;
/** A burst that fits into the minute is done so long after its slowest call at the latest; a larger one within this ratio. */
const BURST_MARGIN_MS = 10_000;
const BURST_RATIO = 1.1;
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
  /** What priority 1 waited, and what beyond the unavoidable: p95 of the worst lane, outages aside. Absent where nothing was urgent. */
  urgent?: { waitMs: number; beyondMs: number };
  /** Of the lane whose tenants are furthest apart. */
  fairness: Fairness;
  bursts: BurstTime[];
  /** Absent where nothing was promised. */
  promises?: PromiseFigures;
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
  const { lanes } = workload;
  const urgent = lanes.flatMap((lane) => urgentOf(workload, lane, observation) ?? []);
  const fairness = lanes.map((lane) => fairnessOf(lane, observation));
  const figures = {
    workload: workload.name,
    ...run,
    requests: requests.length,
    completed: requests.filter(({ status }) => status === 'COMPLETED').length,
    failed: requests.filter(({ status }) => status !== undefined && status !== 'COMPLETED').length,
    calls: own.length,
    throttledShare: own.length === 0 ? 0 : throttled / own.length,
    utilisation: lanes.flatMap((lane) => utilisationOf(workload, lane, observation) ?? []),
    waitMs: waitsOf(requests, endedAt),
    urgent: worstOf(urgent, ({ beyondMs }) => beyondMs),
    fairness: worstOf(fairness, ({ ratio }) => ratio) as Fairness,
    bursts: lanes.flatMap((lane) => burstTimes(lane, observation)),
    promises: promisesOf(observation),
    duplicateResults: tally.duplicates,
    violations: tally.violations,
  };
  return { ...figures, marks: marksOf(workload, figures) };
}

/** Its time as a part of what it may take: a burst that is too large for the minute as long as one that fits, at least. */
export function burstRatio({ tookMs, leastMs, slowestMs, fits }: BurstTime): number {
  const atLeast = slowestMs + BURST_MARGIN_MS;
  return tookMs / (fits ? atLeast : Math.max(atLeast, leastMs * BURST_RATIO));
}

function marksOf(workload: Workload, figures: Omit<Figures, 'marks'>): Mark[] {
  const { targets } = workload;
  const marks: Mark[] = [];
  const mark = (target: string, met: boolean) => marks.push({ target, met });
  for (const { lane, ratio } of figures.utilisation) {
    mark(
      `${lane}: at least ${targets.utilisationRatio} of the attainable`,
      ratio >= targets.utilisationRatio,
    );
  }
  mark(`throttled below ${targets.throttledShare}`, figures.throttledShare < targets.throttledShare);
  const { urgent, fairness, bursts } = figures;
  if (urgent !== undefined) {
    const { waitMs, beyondMs } = urgent;
    const longest = `at most ${URGENT_WAIT_P95_MS} ms`;
    if (targets.urgentIsWithinShare) {
      mark(`priority 1 waits ${longest} (p95)`, waitMs <= URGENT_WAIT_P95_MS);
    } else mark(`priority 1 waits ${longest} longer than it must (p95)`, beyondMs <= URGENT_WAIT_P95_MS);
  }
  mark('tenants at most two largest requests apart, or what nobody can know', fairness.ratio <= 1);
  for (const burst of bursts) {
    mark(
      burst.fits
        ? `a burst that fits is done ${BURST_MARGIN_MS / 1_000} s after its slowest call`
        : `a burst takes at most ${BURST_RATIO} times as long as it must`,
      burstRatio(burst) <= 1,
    );
  }
  if (figures.promises !== undefined && isCalm(workload)) {
    mark(`${KEPT_SHARE * 100} % start by the promised time`, figures.promises.kept >= KEPT_SHARE);
  }
  const faults = figures.failed + figures.duplicateResults + figures.violations.length;
  mark('nothing failed, nothing called or answered twice', faults === 0);
  return marks;
}

function urgentOf(
  { outages = [] }: Workload,
  { modelId, limits }: SimulatedLane,
  { requests, calls, beganAt, endedAt }: Observation,
): Figures['urgent'] {
  const name = laneOf(modelId);
  const own = requests.filter(({ lane }) => lane === name);
  const settled = calls.filter(({ lane, end }) => lane === name && end === 'settled');
  const msOf = quotaTime(settled, limits);
  const unavoidable = unavoidableWaits(
    own.map(({ priority, tenant, acceptedAt, charge }) => ({
      priority,
      tenant,
      arrivedAt: acceptedAt,
      quotaMs: msOf(charge),
    })),
    {
      urgent: holdingOf(settled.filter(isUrgent), msOf, limits),
      others: holdingOf(
        settled.filter((call) => !isUrgent(call)),
        msOf,
        limits,
      ),
    },
  );
  const aside = outages.map(({ from, to }) => ({
    from: beganAt + from + OUTAGE_REACH.from,
    to: beganAt + to + OUTAGE_REACH.to,
  }));
  const urgent = own.flatMap((request, index) => {
    if (!isUrgent(request) || contains(aside, request.acceptedAt)) return [];
    const waitMs = waitOf(request, endedAt);
    return [{ waitMs, beyondMs: waitMs - (unavoidable[index] ?? 0) }];
  });
  if (urgent.length === 0) return undefined;
  const p95 = (ms: readonly number[]) => quantile(ms, 0.95);
  return {
    waitMs: p95(urgent.map(({ waitMs }) => waitMs)),
    beyondMs: p95(urgent.map(({ beyondMs }) => beyondMs)),
  };
}

function isUrgent({ priority }: { priority?: Priority }): boolean {
  return priority === PRIORITIES[0];
}

/** What calls hold of the minute's tokens, of each millisecond for which they need the quota. */
function holdingOf(
  calls: readonly KnownCall[],
  msOf: (charge: number) => number,
  { tokensPerMinute = Number.POSITIVE_INFINITY }: QuotaLimits,
): Holding {
  const sum = (of: (call: KnownCall) => number) => calls.reduce((all, call) => all + of(call), 0);
  const beside = ({ reservation, charge }: KnownCall) => Math.max(0, reservation - charge);
  const quotaMs = sum(({ charge }) => msOf(charge));
  const part = (tokens: number) => (tokens * 60_000) / (tokensPerMinute * Math.max(1, quotaMs));
  const reserved = sum(beside);
  return {
    charged: part(sum(({ charge }) => charge)),
    reserved: part(reserved),
    runMs: sum((call) => beside(call) * call.durationMs) / Math.max(1, reserved),
  };
}

/** How long the whole quota is needed for a call of some charge, by what is known to be possible with calls like these. */
function quotaTime(calls: readonly KnownCall[], limits: QuotaLimits): (charge: number) => number {
  const { lower, upper } = attainableShare(calls, limits);
  const { tokens = 0, requests = 0 } = lower.tokens || lower.requests ? lower : upper;
  const { tokensPerMinute = 0, requestsPerMinute = 0 } = limits;
  if (tokens > requests) return (charge) => (charge * 60_000) / (tokensPerMinute * tokens);
  return () => (requests === 0 ? 0 : 60_000 / (requestsPerMinute * requests));
}

function worstOf<T>(items: readonly T[], badnessOf: (item: T) => number): T | undefined {
  return items.reduce<T | undefined>(
    (worst, it) => (worst === undefined || badnessOf(it) > badnessOf(worst) ? it : worst),
    undefined,
  );
}

function waitsOf(requests: readonly SeenRequest[], endedAt: number): Figures['waitMs'] {
  const waits: Figures['waitMs'] = {};
  for (const priority of PRIORITIES) {
    const own = requests.filter((request) => request.priority === priority);
    if (own.length === 0) continue;
    const ms = own.map((request) => waitOf(request, endedAt));
    waits[priority] = {
      count: own.length,
      p50: quantile(ms, 0.5),
      p95: quantile(ms, 0.95),
      p99: quantile(ms, 0.99),
    };
  }
  return waits;
}
