import { Fn } from 'cdktf';
import { type Alarm, type Alarms, laneMetric, type Metric, queueMetric, type Watched } from './alarms.ts';
import { type Context, metricsNamespace } from './context.ts';
import { costLines } from './cost-graph.ts';
import type { Functions } from './functions.ts';
import type { MessageQueue } from './message-queue.ts';
import type { Stores } from './stores.ts';

/** A line of a graph: `[namespace, name, dimension, value, …, options]` or `[{ expression }]`. */
export type Line = unknown[];

interface Threshold {
  label: string;
  value: number;
}

interface Graph {
  title: string;
  lines: Line[];
  periodSeconds?: number;
  thresholds?: Threshold[];
}

/** An answer of Logs Insights, which costs what it reads of the logs each time somebody looks. */
interface Table {
  title: string;
  /** Whose log is read. */
  functionName: string;
  query: string[];
}

const COLUMNS = 3;
const WIDTH = 24 / COLUMNS;
const HEIGHT = 6;

export function dashboardBody(
  context: Context,
  stores: Stores,
  functions: Functions,
  alarms: Alarms,
): string {
  const shown = [
    whatBinds(functions),
    ...laneGraphs(context, alarms),
    ...bedrockGraphs(alarms),
    ...queueGraphs(context, stores, alarms),
    ...functionGraphs(functions, alarms),
    {
      title: 'Cost of the smoother in an hour, without S3 and logs (US dollars, prices of us-east-1)',
      lines: costLines(stores, functions),
      periodSeconds: 3_600,
    },
  ];
  const region = context.variables.aws_region.stringValue;
  return Fn.jsonencode({
    widgets: shown.map((it, index) => ({
      x: (index % COLUMNS) * WIDTH,
      y: Math.floor(index / COLUMNS) * HEIGHT,
      width: WIDTH,
      height: HEIGHT,
      ...('query' in it ? tableWidget(it, region) : graphWidget(it, region)),
    })),
  });
}

function graphWidget({ title, periodSeconds = 60, lines, thresholds }: Graph, region: string) {
  const annotations = thresholds && { annotations: { horizontal: thresholds } };
  return {
    type: 'metric',
    properties: { title, region, view: 'timeSeries', period: periodSeconds, metrics: lines, ...annotations },
  };
}

function tableWidget({ title, functionName, query }: Table, region: string) {
  const lines = ["SOURCE '/aws/lambda/%s'", ...query].join(' | ');
  return {
    type: 'log',
    properties: { title, region, view: 'table', query: Fn.format(lines, [functionName]) },
  };
}

/** Prioritization logs it every ten seconds beside its metrics: as a metric, each lane and reason would cost. */
function whatBinds({ prioritization }: Functions): Table {
  return {
    title: 'Lanes: what kept requests waiting, for how many minutes',
    functionName: prioritization.lambda.functionName,
    query: ['filter ispresent(Bound)', 'stats count(*) / 6 as minutes by Lane, Bound', 'sort minutes desc'],
  };
}

function bedrockGraphs(alarms: Alarms): Graph[] {
  return [
    ofAlarms('Bedrock: client errors', [alarms.bedrockErrors]),
    ofAlarms('Bedrock: server errors', [alarms.bedrockServerErrors]),
    { title: 'Bedrock: throttled calls', lines: [perModel('InvocationThrottles', 'Sum')] },
    { title: 'Bedrock: successful calls', lines: [perModel('Invocations', 'Sum')] },
    {
      title: 'Bedrock: tokens per minute',
      lines: [
        sumOfModels('InputTokenCount', 'input'),
        sumOfModels('OutputTokenCount', 'output'),
        sumOfModels('CacheReadInputTokenCount', 'cache reads'),
        sumOfModels('CacheWriteInputTokenCount', 'cache writes'),
      ],
    },
    { title: 'Bedrock: latency p95 (ms)', lines: [perModel('InvocationLatency', 'p95')] },
  ];
}

function laneGraphs(context: Context, alarms: Alarms): Graph[] {
  return [
    { title: 'Lanes: quota utilisation (%)', lines: [perLane(context, 'QuotaUtilisation', 'Maximum')] },
    {
      title: 'Lanes: released and throttled',
      lines: [
        line(laneMetric(context, 'Released', 'Sum'), 'released'),
        line(laneMetric(context, 'Throttled', 'Sum'), 'throttled'),
      ],
    },
    {
      title: 'Lanes: tokens per minute saved by right-sized max tokens',
      lines: [perLane(context, 'TokensWonBack', 'Sum')],
    },
    { title: 'Lanes: tokens waiting', lines: [perLane(context, 'WaitingTokens', 'Maximum')] },
    {
      title: 'Promised starts that were kept (%)',
      lines: [
        [{ expression: '100*k/(k+b)', label: 'kept', id: 'kept' }],
        hidden(laneMetric(context, 'PromisesKept', 'Sum'), 'k'),
        hidden(laneMetric(context, 'PromisesBroken', 'Sum'), 'b'),
      ],
    },
    {
      title: 'Lanes: oldest waiting request (s)',
      lines: [perLane(context, 'OldestWaitingSeconds', 'Maximum')],
      thresholds: [thresholdOf(alarms.oldestWaiting)],
    },
    ofAlarms('Lanes: paused', [alarms.lanesPaused]),
    // One metric for all tenants: there may be any number of them. The saved query and `smoother budgets` tell which.
    ofAlarms('Budgets of tenants: notices that one is nearly or wholly used up', [alarms.tenantBudgets]),
    {
      title: 'Lanes: limits that Service Quotas does not tell, so they are assumed',
      lines: [perLane(context, 'LimitsAssumed', 'Maximum')],
    },
    ofAlarms('Prioritization: heartbeat', [alarms.heartbeat]),
  ];
}

function queueGraphs({ variables }: Context, { queues }: Stores, alarms: Alarms): Graph[] {
  const { input, holdNextBatch, bedrockResults } = queues;
  return [
    {
      title: 'Input and Bedrock Results queues: messages waiting',
      lines: [waiting('input', input), waiting('results', bedrockResults)],
    },
    {
      title: 'Hold Next Batch queue: messages waiting',
      lines: [waiting('hold next batch', holdNextBatch)],
      thresholds: [{ label: 'queue_depth_threshold', value: variables.queue_depth_threshold.numberValue }],
    },
    {
      title: 'Queues: oldest message (s)',
      lines: [
        oldest('input', input),
        oldest('hold next batch', holdNextBatch),
        oldest('results', bedrockResults),
      ],
      thresholds: [thresholdOf(alarms.inputAge), thresholdOf(alarms.resultsAge)],
    },
    ofAlarms('Dead letters', alarms.deadLetters),
  ];
}

function functionGraphs(functions: Functions, alarms: Alarms): Graph[] {
  const ofFunctions = (name: string, stat: string): Line[] =>
    Object.entries(functions).map(([label, { lambda }]) => [
      'AWS/Lambda',
      name,
      'FunctionName',
      lambda.functionName,
      { label, stat },
    ]);
  return [
    ofAlarms('Functions: errors', alarms.functionErrors),
    { title: 'Functions: duration p95 (ms)', lines: ofFunctions('Duration', 'p95') },
    { title: 'Functions: concurrent executions', lines: ofFunctions('ConcurrentExecutions', 'Maximum') },
    ofAlarms('Reporting: delay (ms)', [alarms.reportingDelay]),
  ];
}

/** What alarms watch, with the threshold of the first: metric, period and number are those of the alarm. */
function ofAlarms(title: string, alarms: readonly [Alarm, ...Alarm[]] | readonly Alarm[]): Graph {
  const [first] = alarms;
  return {
    title,
    lines: alarms.map((alarm) => line(alarm.watched, alarm.id)),
    periodSeconds: first?.periodSeconds,
    thresholds: first && [thresholdOf(first)],
  };
}

function thresholdOf(alarm: Alarm): Threshold {
  return { label: `alarm ${alarm.id}`, value: alarm.threshold };
}

function line(watched: Watched, label: string): Line {
  if ('query' in watched)
    return [{ expression: Fn.rawString(watched.query), label, id: `q_${label.replaceAll(' ', '_')}` }];
  const dimensions = Object.entries(watched.dimensions).flat();
  return [watched.namespace, watched.name, ...dimensions, { label, stat: watched.stat }];
}

/** For an expression that names it. */
function hidden({ namespace, name, dimensions, stat }: Metric, id: string): Line {
  return [namespace, name, ...Object.entries(dimensions).flat(), { id, stat, visible: false }];
}

function waiting(label: string, { queue }: MessageQueue): Line {
  return line(queueMetric('ApproximateNumberOfMessagesVisible', queue.name), label);
}

function oldest(label: string, { queue }: MessageQueue): Line {
  return line(queueMetric('ApproximateAgeOfOldestMessage', queue.name), label);
}

function perModel(name: string, stat: string): Line {
  return [{ expression: Fn.rawString(searchModels(name, stat)) }];
}

/**
 * The sum over all models, by metric math. A widget may hold several of these, but only one Metrics Insights query
 * (CloudWatch, "Metrics Insights quotas").
 */
function sumOfModels(name: string, label: string): Line {
  return [{ expression: Fn.rawString(`SUM(${searchModels(name, 'Sum')})`), label }];
}

function searchModels(name: string, stat: string): string {
  return `SEARCH('{AWS/Bedrock,ModelId} MetricName="${name}"', '${stat}')`;
}

function perLane(context: Context, name: string, stat: string): Line {
  const search = Fn.rawString(`SEARCH('{"%s",Lane} MetricName="${name}"', '${stat}')`);
  return [{ expression: Fn.format(search, [metricsNamespace(context)]) }];
}
