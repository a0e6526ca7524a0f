import type { ReportRow } from '../../core/reporting/ports.ts';
import type { SimulatorStats } from '../../local/bedrock/stats.ts';
import type { Outcomes } from './outcomes.ts';
import { percentile } from './outcomes.ts';
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

export interface LaneSummary {
  lane: string;
  calls: number;
  throttled: number;
  /** Seconds in which at least one request waited. */
  backlog_seconds: number;
  utilisation: MeasuredUtilisation;
}

/** The figures of one run, as `--summary` writes them. */
export interface Summary {
  /** Messages that the input queue took. */
  submitted: number;
  completed: number;
  failed: number;
  rejected: number;
  expired: number;
  cancelled: number;
  /** Messages without a result. */
  lost: number;
  /** Results beyond the first under the same id. */
  duplicate_results: number;
  /** Invalid messages that ended otherwise than REJECTED. */
  wrongly_accepted: number;
  duration_seconds: number;
  /** Calls that reached Bedrock's quota: admitted and throttled ones. */
  bedrock_calls: number;
  throttled_calls: number;
  /** Of all lanes together while they had a backlog, each from its first call on (`utilisationOf`). */
  utilisation: MeasuredUtilisation;
  lanes: LaneSummary[];
  /** Accepted → sent to Bedrock. */
  wait_ms: Record<string, Percentiles>;
  /** By principal, then action. */
  aws_calls: Record<string, Record<string, number>>;
  /** `principal: action on resource`, for every call that a policy refused. */
  permission_denials: string[];
  /** From the report (docs/reporting.md): tokens not reserved because the smoother chose max tokens. */
  unreserved_tokens: number;
  /** What answers that were cut and run again were charged. */
  rerun_tokens: number;
  /** Unreserved less rerun, by minute of the run. */
  won_back_tokens_per_minute: number;
  /** What `costOf` prices, of the functions' calls alone, for a million messages like these. */
  estimated_cost_usd_per_million: number;
}

export interface RunRecord {
  submissions: Submissions;
  outcomes: Outcomes;
  bedrock: SimulatorStats;
  calls: readonly (BilledCalls & { principal: string })[];
  denials: readonly { principal: string; action: string; resource: string }[];
  /** The one who fed and collected: not part of the smoother's cost. */
  operator: string;
  /** Epoch milliseconds. */
  startedAt: number;
  durationSeconds: number;
}

/** @param reports what reporting has written during the run */
export function summarise(run: RunRecord, reports: readonly ReportRow[]): Summary {
  const { submissions, outcomes, bedrock } = run;
  const uses = bedrock.lanes.map((lane) => {
    const waits = lane.models.flatMap((model) => outcomes.waitsByModel.get(model) ?? []);
    const backlog = backlogOf(waits);
    return {
      lane,
      use: laneUse(lane, sinceFirstCall(lane, backlog)),
      waitedMs: backlog.reduce((sum, { from, until }) => sum + until - from, 0),
    };
  });
  const { unreserved_tokens, rerun_tokens } = rightSizing(reports);
  const functionCalls = run.calls.filter(({ principal }) => principal !== run.operator);
  return {
    submitted: submissions.submitted,
    completed: outcomes.counts.COMPLETED,
    failed: outcomes.counts.FAILED,
    rejected: outcomes.counts.REJECTED,
    expired: outcomes.counts.EXPIRED,
    cancelled: outcomes.counts.CANCELLED,
    lost: submissions.lost(),
    duplicate_results: submissions.duplicates,
    wrongly_accepted: submissions.wronglyAccepted(),
    duration_seconds: run.durationSeconds,
    bedrock_calls: bedrock.calls + bedrock.throttles,
    throttled_calls: bedrock.throttles,
    utilisation: utilisationOf(uses.map(({ use }) => use)),
    lanes: uses.map(({ lane, use, waitedMs }) => ({
      lane: lane.lane,
      calls: lane.calls,
      throttled: lane.throttles,
      backlog_seconds: waitedMs / 1_000,
      utilisation: utilisationOf([use]),
    })),
    wait_ms: waits(outcomes),
    aws_calls: callsByPrincipal(run.calls),
    permission_denials: run.denials.map(
      ({ principal, action, resource }) => `${principal}: ${action} on ${resource}`,
    ),
    unreserved_tokens,
    rerun_tokens,
    won_back_tokens_per_minute: ((unreserved_tokens - rerun_tokens) * 60) / run.durationSeconds,
    estimated_cost_usd_per_million: (costOf(functionCalls) / Math.max(1, submissions.submitted)) * 1e6,
  };
}

/** Whether every message ended as it should, and nothing was refused to a function. */
export function isClean(summary: Summary): boolean {
  const { submitted, lost, duplicate_results, wrongly_accepted, permission_denials } = summary;
  return submitted > 0 && lost + duplicate_results + wrongly_accepted + permission_denials.length === 0;
}

function rightSizing(rows: readonly ReportRow[]): Pick<Summary, 'unreserved_tokens' | 'rerun_tokens'> {
  const sum = (name: string) => rows.reduce((total, { counters }) => total + (counters[name] ?? 0), 0);
  return { unreserved_tokens: sum('unreserved_tokens'), rerun_tokens: sum('rerun_tokens') };
}

function waits({ waitsByPriority }: Outcomes): Summary['wait_ms'] {
  const rows = [...waitsByPriority].sort(([a], [b]) => a - b);
  return Object.fromEntries(
    rows.map(([priority, values]) => [
      String(priority),
      { p50: percentile(values, 0.5), p95: percentile(values, 0.95), p99: percentile(values, 0.99) },
    ]),
  );
}

function callsByPrincipal(calls: RunRecord['calls']): Summary['aws_calls'] {
  const byPrincipal: Summary['aws_calls'] = {};
  for (const { principal, action, count } of calls) {
    byPrincipal[principal] = { ...byPrincipal[principal], [action]: count };
  }
  return byPrincipal;
}
