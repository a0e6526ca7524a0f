import type { LaneSummary, RunRecord, Summary } from '../../lab/run/summary.ts';
import { isClean } from '../../lab/run/summary.ts';
import { chartData, drawChart, short } from './chart.ts';
import { table } from './table.ts';

/** What a person reads at the end: the chart of the busiest lane, the three numbers, the outcomes, the cost. */
export function report(summary: Summary, record: RunRecord): string {
  return [chart(summary, record), lanes(summary), waits(summary), outcomes(summary), verdict(summary)]
    .filter((part) => part !== '')
    .join('\n\n');
}

function chart(summary: Summary, { bedrock, outcomes: { waitsByModel } }: RunRecord): string {
  const busiest = summary.lanes.toSorted((a, b) => b.backlog_seconds - a.backlog_seconds)[0];
  const lane = bedrock.lanes.find(({ lane: name }) => name === busiest?.lane);
  if (!busiest || !lane) return '';
  const data = chartData(
    lane,
    lane.models.flatMap((model) => waitsByModel.get(model) ?? []),
    bindingOf(busiest),
  );
  return data ? drawChart(data) : '';
}

/** A backlog as short as this lives on the free minute before it: a share of the quota would say nothing. */
const TOO_SHORT_SECONDS = 5;

function lanes({ lanes: rows }: Summary): string {
  return table(
    ['quota', 'calls', 'throttled', 'backlog', 'used of it, from the first call, under a backlog'],
    rows.map((row) => {
      const binding = bindingOf(row);
      const used =
        row.backlog_seconds < TOO_SHORT_SECONDS
          ? '–'
          : `${percent(row.utilisation[binding])} of ${binding.toUpperCase()}`;
      return [
        row.lane,
        String(row.calls),
        String(row.throttled),
        `${row.backlog_seconds.toFixed(1)} s`,
        used,
      ];
    }),
  );
}

function waits({ wait_ms }: Summary): string {
  return table(
    ['priority', 'wait p50', 'p95', 'p99'],
    Object.entries(wait_ms).map(([priority, { p50, p95, p99 }]) => [
      priority,
      ...[p50, p95, p99].map(seconds),
    ]),
  );
}

function outcomes(summary: Summary): string {
  const { submitted, completed, failed, rejected, expired, lost, duplicate_results } = summary;
  const { bedrock_calls, throttled_calls, duration_seconds, estimated_cost_usd_per_million } = summary;
  const { unreserved_tokens, rerun_tokens, won_back_tokens_per_minute } = summary;
  return [
    `${submitted} messages in ${duration_seconds.toFixed(1)} s: ${completed} completed, ${failed} failed, ${rejected} rejected, ${expired} expired, ${lost} lost, ${duplicate_results} duplicate results.`,
    `${bedrock_calls} calls to Bedrock, ${throttled_calls} throttled. AWS requests for a million such messages: about $${estimated_cost_usd_per_million.toFixed(2)}.`,
    ...(unreserved_tokens + rerun_tokens > 0
      ? [
          `Max tokens left to the smoother: ${short(unreserved_tokens)} tokens not reserved, ${short(rerun_tokens)} spent on reruns: ${short(won_back_tokens_per_minute)} tokens of reservation a minute won back.`,
        ]
      : []),
  ].join('\n');
}

function verdict(summary: Summary): string {
  const { permission_denials, wrongly_accepted } = summary;
  if (isClean(summary)) return '✔ Every message ended as it should.';
  return [
    '✘ Not every message ended as it should.',
    ...(wrongly_accepted > 0 ? [`  ${wrongly_accepted} invalid messages were not rejected.`] : []),
    ...[...new Set(permission_denials)].map((denial) => `  Denied: ${denial}`),
  ].join('\n');
}

/** The limit that was used most. */
function bindingOf({ utilisation: { rpm, tpm } }: LaneSummary): 'rpm' | 'tpm' {
  return tpm > rpm ? 'tpm' : 'rpm';
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function seconds(milliseconds: number): string {
  return milliseconds < 1_000 ? `${Math.round(milliseconds)} ms` : `${short(milliseconds / 1_000)} s`;
}
