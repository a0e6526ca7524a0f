/** Questions to the functions' logs, saved in CloudWatch Logs Insights under the stack's prefix. */
import { CloudwatchQueryDefinition } from '@cdktf/provider-aws/lib/cloudwatch-query-definition';
import type { Construct } from 'constructs';
import { type Context, nameOf } from './context.ts';
import type { Functions } from './functions.ts';

interface Query {
  /** Terraform id; written with hyphens, it is the end of the query's name. */
  id: string;
  /** Default: all functions. */
  of?: (keyof Functions)[];
  lines: string[];
}

/** Logs Insights finds the fields of a function's JSON lines by itself. */
export const QUERIES: readonly Query[] = [
  {
    id: 'errors',
    lines: [
      'fields @timestamp, @log, @message',
      'filter @message like /Task timed out|ERROR/ or event like /failed$/ or event = "result.undeliverable"',
      'sort @timestamp desc',
      'limit 200',
    ],
  },
  {
    id: 'one_request',
    lines: [
      'fields @timestamp, event, generation, reason, type, message_id, @log',
      // Put the id here.
      'filter request_id = "REQUEST_ID"',
      'sort @timestamp asc',
    ],
  },
  {
    id: 'rejections',
    of: ['ingestion'],
    lines: ['filter event = "request.rejected"', 'stats count(*) as messages by type', 'sort messages desc'],
  },
  {
    id: 'returns',
    of: ['invocation', 'prioritization'],
    lines: ['filter event = "request.returned"', 'stats count(*) as returns by reason, bin(5m)'],
  },
  {
    id: 'leaders',
    of: ['prioritization'],
    lines: [
      'fields @timestamp, event, lane, reason, error',
      'filter event in ["lane.taken", "lane.left", "tick.failed", "offer.failed", "bundle.unsent", "quotas.unknown", "limit.assumed"]',
      'sort @timestamp desc',
      'limit 200',
    ],
  },
  {
    id: 'budget_notices',
    of: ['prioritization'],
    lines: [
      'filter event = "budget.notice"',
      'fields @timestamp, day, tenant, percent, lane',
      'sort @timestamp desc',
      'limit 200',
    ],
  },
  {
    id: 'start_delay',
    of: ['invocation'],
    lines: [
      'filter event = "call.started"',
      'stats pct(start_delay_ms, 50) as p50, pct(start_delay_ms, 95) as p95, max(start_delay_ms) as most by bin(5m)',
    ],
  },
];

export function defineQueries(scope: Construct, context: Context, functions: Functions): void {
  const all = Object.keys(functions) as (keyof Functions)[];
  for (const { id, of = all, lines } of QUERIES) {
    new CloudwatchQueryDefinition(scope, `query_${id}`, {
      name: nameOf(context, id.replaceAll('_', '-')),
      logGroupNames: of.map((name) => `/aws/lambda/${functions[name].lambda.functionName}`),
      queryString: lines.join('\n| '),
    });
  }
}
