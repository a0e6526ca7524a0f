import type { BoundTime } from '../../lab/run/bound-watch.ts';
import { isClean, type LaneSummary, type RunRecord, type Summary } from '../../lab/run/summary.ts';
import { chartData, drawChart } from './chart.ts';
import { counted, duration, percent, short } from './numbers.ts';
import { table } from './table.ts';

/** What a person reads at the end: the chart of the busiest lane, the three numbers, the outcomes, the cost. */
export function report(summary: Summary, record: RunRecord): string {
  return [
    chart(summary, record),
    lanes(summary),
    answers(summary),
    waits(summary),
    outcomes(summary),
    calls(summary),
    verdict(summary),
  ]
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

/** A shorter backlog is served by the idle minute before it, and a share of fewer calls says nothing. */
const LEAST_BACKLOG_SECONDS = 5;
const LEAST_CALLS = 20;

function lanes({ lanes: rows }: Summary): string {
  const used = rows.map((row) => {
    const isFigure = row.served_seconds >= LEAST_BACKLOG_SECONDS && row.calls >= LEAST_CALLS;
    return isFigure ? row.utilisation[bindingOf(row)] : undefined;
  });
  const text = table(
    ['lane', 'calls', 'throttled', 'backlog for', 'quota used'],
    rows.map((row, index) => [
      row.lane,
      String(row.calls),
      String(row.throttled),
      duration(row.backlog_seconds * 1_000),
      used[index] === undefined ? '–' : `${partOf(used[index])} of ${quotaOf(row)}`,
    ]),
  );
  const isOver = used.some((share) => share !== undefined && share > 1);
  const notes = [
    "Quota used: while requests waited, from the lane's first call on.",
    ...(isOver ? ['At first even more, since the idle minute before left its quota to them.'] : []),
  ];
  return used.some((share) => share !== undefined) ? [text, ...notes].join('\n') : text;
}

/** Above all of it is what the time before has left over: no figure that anybody expects. */
function partOf(share: number): string {
  return share >= 0.995 ? 'all' : percent(share);
}

function quotaOf(row: LaneSummary): string {
  const { requests_per_minute, tokens_per_minute } = row.limits;
  return bindingOf(row) === 'rpm'
    ? `${short(requests_per_minute ?? 0)} calls/min`
    : `${short(tokens_per_minute ?? 0)} tokens/min`;
}

/** What bound each lane in which something waited, and whether requests started when they were told to. */
function answers({ lanes: rows }: Summary): string {
  return rows
    .map(({ lane, bound, promises, backlog_seconds }) => {
      const [most] = backlog_seconds < LEAST_BACKLOG_SECONDS ? [] : bound;
      const kept = percent(promises.made === 0 ? 0 : promises.kept / promises.made);
      const lines = [
        ...(most === undefined
          ? []
          : [`  ${BINDS[most.by]}`, `  kept requests waiting, for ${duration(most.seconds * 1_000)}.`]),
        ...(promises.made === 0
          ? []
          : [
              `  ${promises.kept} of ${promises.made} requests (${kept}) started by the time promised to them.`,
            ]),
      ];
      return lines.length === 0 ? '' : [lane, ...lines].join('\n');
    })
    .filter((part) => part !== '')
    .join('\n');
}

const BINDS: Record<BoundTime['by'], string> = {
  operator: "An operator's pause",
  no_leader: 'Prioritization, which did not run,',
  failing: 'Errors of Bedrock',
  denied: 'A lack of access to the model',
  daily_quota: "The day's quota of tokens",
  no_quota: 'A quota of zero',
  foreign_use: 'Somebody else who uses the same quota',
  max_concurrent_executions: 'The number of workers (max_concurrent_executions)',
  queue_depth_threshold: 'The variable queue_depth_threshold',
  minutes_to_process: 'The variable minutes_to_process',
  requests_per_minute: "Bedrock's quota of requests per minute",
  tokens_per_minute: "Bedrock's quota of tokens per minute",
};

function waits({ lanes: rows }: Summary): string {
  const text = table(
    ['time until sent to Bedrock', 'priority', 'requests', 'p50', 'p95', 'p99'],
    rows.flatMap(({ lane, wait_ms }) =>
      Object.entries(wait_ms).map(([priority, { requests, p50, p95, p99 }], index) => [
        index === 0 ? lane : '',
        priority,
        String(requests),
        ...[p50, p95, p99].map(duration),
      ]),
    ),
  );
  if (!rows.some(isOutOfOrder)) return text;
  return `${text}\nA priority is a share of the quota: where many requests have one, they wait longer.`;
}

/** Whether a priority has waited longer than a less urgent one. */
function isOutOfOrder({ wait_ms }: LaneSummary): boolean {
  const medians = Object.values(wait_ms).map(({ p50 }) => p50);
  return medians.some((median, index) => median > (medians[index + 1] ?? Number.POSITIVE_INFINITY));
}

function outcomes(summary: Summary): string {
  const { submitted, completed, failed, rejected, lost, duration_seconds } = summary;
  const rare = [
    [summary.expired, 'expired'],
    [summary.cancelled, 'cancelled'],
    [summary.repeated, 'repeated'],
    [summary.duplicate_results, 'results that came twice'],
  ] as const;
  const also = rare.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  return [
    `${counted(submitted, 'message')} in ${duration(duration_seconds * 1_000)}:`,
    `${completed} completed, ${failed} failed, ${rejected} rejected${summary.interrupted ? '' : `, ${lost} lost`}.`,
    ...(also.length === 0 ? [] : [`Also ${also.join(', ')}.`]),
  ].join('\n');
}

/** The cost of fewer messages is mostly that of starting the functions. */
const LEAST_MESSAGES_FOR_COST = 100;

function calls(summary: Summary): string {
  const { submitted, interrupted, bedrock_calls, throttled_calls, estimated_cost_usd_per_million } = summary;
  const { unreserved_tokens, rerun_tokens, won_back_tokens_per_minute } = summary;
  return [
    `${counted(bedrock_calls, 'call')} to Bedrock, ${throttled_calls} throttled.`,
    ...(submitted >= LEAST_MESSAGES_FOR_COST && !interrupted
      ? [
          `A million such messages: about $${estimated_cost_usd_per_million.toFixed(2)} at AWS for what the functions`,
          'ask of tables, queues and buckets. The functions themselves, logs and Bedrock',
          'come on top.',
        ]
      : []),
    ...(unreserved_tokens + rerun_tokens > 0
      ? [
          'Max tokens that were left to the smoother to choose:',
          `${short(unreserved_tokens)} tokens not reserved, ${short(rerun_tokens)} spent on reruns, ${short(won_back_tokens_per_minute)} a minute won back.`,
        ]
      : []),
  ].join('\n');
}

function verdict(summary: Summary): string {
  const { permission_denials, wrongly_accepted, interrupted, still_waiting } = summary;
  if (isClean(summary)) return '✔ Every message ended as it should.';
  return [
    interrupted
      ? `Interrupted: ${still_waiting} were still waiting.`
      : '✘ Not every message ended as it should.',
    ...(wrongly_accepted > 0 ? [`  ${wrongly_accepted} invalid messages were not rejected.`] : []),
    ...[...new Set(permission_denials)].map((denial) => `  Denied: ${denial}`),
  ].join('\n');
}

/** The limit that was used most. */
function bindingOf({ utilisation: { rpm, tpm } }: LaneSummary): 'rpm' | 'tpm' {
  return tpm > rpm ? 'tpm' : 'rpm';
}
