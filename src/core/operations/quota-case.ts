/**
 * What AWS asks for when it is to raise a quota (the form's fields: steady state is the median minute and peak is the
 * ninetieth percentile, of requests and of tokens; average input and output; the part of inputs beyond 25,000 tokens).
 * Source: https://community.aws/content/2sriOc6gRp9WJFGFYL9f9GweZOq/managing-throughput-and-service-quotas-on-amazon-bedrock
 */
import type { Limits } from '../lane/catalog/limits.ts';
import type { ReportRow } from '../reporting/ports.ts';
import type { Percentiles } from '../reporting/read.ts';
import type { Interval } from './ports.ts';
import { usageBy, usageOf } from './usage.ts';

export interface Demand {
  p50: number;
  p90: number;
}

export interface QuotaCase {
  lane: string;
  model_id: string;
  limits: Limits;
  /** ISO 8601. */
  from: string;
  to: string;
  /** Minutes in which requests arrived; only these count below. */
  minutes_with_demand: number;
  requests: number;
  requests_per_minute: Demand;
  /** What calls use is known of answers only: where there are none, these four are absent. */
  tokens_per_minute?: Demand;
  average_input_tokens?: number;
  average_output_tokens?: number;
  /** 1 is all. */
  large_input_share?: number;
  /** What the quota turned away. */
  throttled_calls: number;
  expired_requests: number;
  wait_ms: Percentiles;
}

/** Undefined: no request arrived in that time. */
export function quotaCaseOf(
  lane: { lane: string; model_id: string; limits: Limits },
  rows: readonly ReportRow[],
  { from, to }: Interval,
): QuotaCase | undefined {
  const minutes = usageBy(rows, 'minute').filter(({ accepted }) => accepted > 0);
  if (minutes.length === 0) return undefined;
  const total = usageOf(rows);
  const { completed } = total;
  // What arrived in a minute is charged when it ends, maybe much later: by the average of all.
  const charge = total.charged_tokens / completed;
  const arrivals = minutes.map(({ accepted }) => accepted).sort((a, b) => a - b);
  return {
    ...{ lane: lane.lane, model_id: lane.model_id, limits: lane.limits },
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    minutes_with_demand: minutes.length,
    requests: total.accepted,
    requests_per_minute: demandOf(arrivals),
    ...(completed > 0 && {
      tokens_per_minute: demandOf(arrivals.map((count) => Math.round(count * charge))),
      average_input_tokens: Math.round(total.input_tokens / completed),
      average_output_tokens: Math.round(total.output_tokens / completed),
      large_input_share: total.large_inputs / completed,
    }),
    throttled_calls: total.throttles,
    expired_requests: total.expired,
    wait_ms: total.wait_ms,
  };
}

function demandOf(sorted: readonly number[]): Demand {
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return { p50: at(0.5), p90: at(0.9) };
}
