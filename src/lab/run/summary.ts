import type { ReportRow } from '../../core/reporting/ports.ts';
import type { SimulatorStats } from '../../local/bedrock/stats.ts';
import { quantile } from '../quantiles.ts';
import type { BoundTime, BoundTimes } from './bound-watch.ts';
import type { Outcomes, RequestWait } from './outcomes.ts';
import { type BilledCalls, costOf } from './prices.ts';
import type { Submissions } from './submissions.ts';
import {
  backlogOf,
  laneUse,
  type MeasuredUtilisation,
  sinceFirstCall,
  utilisationOf,
} from './utilisation.ts';

export interface Percentiles {
  p50: number;
  p95: number;
  p99: number;
}

/** Accepted → sent to Bedrock, by priority, of the requests that were. */
export type Waits = Record<string, Percentiles & { requests: number }>;

export interface LaneSummary {
  lane: string;
  calls: number;
  throttled: number;
  /** Seconds in which at least one request waited. */
  backlog_seconds: number;
  /** The seconds of the backlog from the lane's first call on, for which the utilisation holds. */
  served_seconds: number;
  utilisation: MeasuredUtilisation;
  /** What kept requests waiting, and for how long, as the lane's leader told it. */
  bound: BoundTime[];
  /** Starts that were promised when requests were accepted, and those that were kept (docs/messages.md). */
  promises: { made: number; kept: number };
  limits: { requests_per_minute?: number; tokens_per_minute?: number };
  wait_ms: Waits;
}

/** The figures of one run, as `--json` gives them. */
export interface Summary {
  /** Whether the run was ended before all had their results. */
  interrupted: boolean;
  /** Messages that the input queue took. */
  submitted: number;
  completed: number;
  failed: number;
  rejected: number;
  expired: number;
  cancelled: number;
  /** Messages that share the one result of another: the same id with the same content. */
  repeated: number;
  /** Messages that had no result yet when the run was interrupted. */
  still_waiting: number;
  /** Messages without a result, although the run went on until nothing moved any more. */
  lost: number;
  /** Results beyond the first under the same id. */
  duplicate_results: number;
  /** Invalid messages that did not end REJECTED. */
  wrongly_accepted: number;
  duration_seconds: number;
  /** Calls that reached Bedrock's quota: admitted and throttled ones. */
  bedrock_calls: number;
  throttled_calls: number;
  /** Of all lanes together, while they had a backlog, from their first calls on (`utilisationOf`). */
  utilisation: MeasuredUtilisation;
  lanes: LaneSummary[];
  /** Of all lanes together. */
  wait_ms: Waits;
  /** By principal, then action. */
  aws_calls: Record<string, Record<string, number>>;
  /** `principal: action on resource`, for every call that a policy refused. */
  permission_denials: string[];
  /** From the report (docs/reporting.md): tokens not reserved because the smoother chose max tokens. */
  unreserved_tokens: number;
  /** Tokens charged for answers that were cut and run again. */
  rerun_tokens: number;
  /** Unreserved minus rerun tokens, for each minute of the run. */
  won_back_tokens_per_minute: number;
  /** What a million messages like these would cost by `costOf`, counting only the functions' calls. */
  estimated_cost_usd_per_million: number;
}

export interface RunRecord {
  submissions: Submissions;
  outcomes: Outcomes;
  bedrock: SimulatorStats;
  calls: readonly (BilledCalls & { principal: string })[];
  denials: readonly { principal: string; action: string; resource: string }[];
  /** The principal that sent and collected: not part of the smoother's cost. */
  operator: string;
  interrupted: boolean;
  /** Epoch milliseconds. */
  startedAt: number;
  durationSeconds: number;
}

/**
 * @param reports what reporting has written during the run
 * @param bounds what bound each lane
 */
export function summarise(run: RunRecord, reports: readonly ReportRow[], bounds: BoundTimes = {}): Summary {
  const { submissions, outcomes, bedrock, interrupted } = run;
  const { submitted, unanswered } = submissions;
  const uses = bedrock.lanes.map((lane) => {
    const waits = lane.models.flatMap((model) => outcomes.waitsByModel.get(model) ?? []);
    const backlog = backlogOf(waits);
    return {
      lane,
      waits,
      use: laneUse(lane, sinceFirstCall(lane, backlog)),
      waitedMs: backlog.reduce((sum, { from, until }) => sum + until - from, 0),
    };
  });
  const [unreserved_tokens, rerun_tokens] = [
    sumOf(reports, 'unreserved_tokens'),
    sumOf(reports, 'rerun_tokens'),
  ];
  const functionCalls = run.calls.filter(({ principal }) => principal !== run.operator);
  return {
    interrupted,
    submitted,
    completed: outcomes.counts.COMPLETED,
    failed: outcomes.counts.FAILED,
    rejected: outcomes.counts.REJECTED,
    expired: outcomes.counts.EXPIRED,
    cancelled: outcomes.counts.CANCELLED,
    repeated: Math.max(0, submitted - unanswered - outcomes.total),
    still_waiting: interrupted ? unanswered : 0,
    lost: interrupted ? 0 : unanswered,
    duplicate_results: submissions.duplicates,
    wrongly_accepted: submissions.wronglyAccepted(),
    duration_seconds: run.durationSeconds,
    bedrock_calls: bedrock.calls + bedrock.throttles,
    throttled_calls: bedrock.throttles,
    utilisation: utilisationOf(uses.map(({ use }) => use)),
    lanes: uses.map(({ lane, waits, use, waitedMs }) => ({
      lane: lane.lane,
      calls: lane.calls,
      throttled: lane.throttles,
      backlog_seconds: waitedMs / 1_000,
      served_seconds: use.backlogSeconds,
      utilisation: utilisationOf([use]),
      bound: bounds[lane.lane] ?? [],
      promises: promisesOf(reports.filter(({ key }) => key.lane === lane.lane)),
      limits: {
        requests_per_minute: lane.limits.requestsPerMinute,
        tokens_per_minute: lane.limits.tokensPerMinute,
      },
      wait_ms: waitsOf(waits),
    })),
    wait_ms: waitsOf([...outcomes.waitsByModel.values()].flat()),
    aws_calls: callsByPrincipal(run.calls),
    permission_denials: run.denials.map(
      ({ principal, action, resource }) => `${principal}: ${action} on ${resource}`,
    ),
    unreserved_tokens,
    rerun_tokens,
    won_back_tokens_per_minute: ((unreserved_tokens - rerun_tokens) * 60) / run.durationSeconds,
    estimated_cost_usd_per_million: (costOf(functionCalls) / Math.max(1, submitted)) * 1e6,
  };
}

/** Whether every message ended as it should, and nothing was refused to a function. */
export function isClean(summary: Summary): boolean {
  const { interrupted, submitted, lost, duplicate_results, wrongly_accepted, permission_denials } = summary;
  const trouble = lost + duplicate_results + wrongly_accepted + permission_denials.length;
  return !interrupted && submitted > 0 && trouble === 0;
}

function promisesOf(rows: readonly ReportRow[]): LaneSummary['promises'] {
  return { made: sumOf(rows, 'promises'), kept: sumOf(rows, 'promises_kept') };
}

function sumOf(rows: readonly ReportRow[], name: string): number {
  return rows.reduce((total, { counters }) => total + (counters[name] ?? 0), 0);
}

function waitsOf(waits: readonly RequestWait[]): Waits {
  const priorities = [...new Set(waits.map(({ priority }) => priority))].sort();
  const rows = priorities.map((priority) => {
    const ofPriority = waits.filter((wait) => wait.priority === priority);
    const values = ofPriority.flatMap(({ waitMs }) => waitMs ?? []);
    const [p50 = 0, p95 = 0, p99 = 0] = [0.5, 0.95, 0.99].map((share) => quantile(values, share));
    return [String(priority), { requests: values.length, p50, p95, p99 }] as const;
  });
  return Object.fromEntries(rows.filter(([, { requests }]) => requests > 0));
}

function callsByPrincipal(calls: RunRecord['calls']): Summary['aws_calls'] {
  const byPrincipal: Summary['aws_calls'] = {};
  for (const { principal, action, count } of calls) {
    byPrincipal[principal] = { ...byPrincipal[principal], [action]: count };
  }
  return byPrincipal;
}
