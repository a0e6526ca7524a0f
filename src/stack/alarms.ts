import type { Context } from './context.ts';
import { metricsNamespace } from './context.ts';
import type { Functions } from './functions.ts';
import type { Stores } from './stores.ts';

/** One CloudWatch metric, as alarms and graphs both name it. */
export interface Metric {
  namespace: string;
  name: string;
  dimensions: Record<string, string>;
  stat: 'Sum' | 'Maximum';
}

/** What an alarm watches: one metric, or a Metrics Insights query over all models (an alarm cannot use SEARCH). */
export type Watched = Metric | { query: string };

export interface Alarm {
  /** Terraform id; with hyphens, the end of the alarm's name. */
  id: string;
  description: string;
  watched: Watched;
  comparison: 'GreaterThanThreshold' | 'GreaterThanOrEqualToThreshold' | 'LessThanThreshold';
  threshold: number;
  periodSeconds: number;
  evaluationPeriods: number;
  /** What silence means: `breaching` where data always comes, `notBreaching` where none means nothing happened. */
  missingData: 'breaching' | 'notBreaching';
}

const FIVE_MINUTES = 300;
const DAY_SECONDS = 24 * 3600;

/** Every alarm. The dashboard draws each threshold from here. */
export function alarmsOf(context: Context, stores: Stores, functions: Functions) {
  const { variables } = context;
  const { queues } = stores;
  const bedrock = {
    comparison: 'GreaterThanThreshold',
    threshold: variables.alarm_threshold.numberValue,
    periodSeconds: FIVE_MINUTES,
    evaluationPeriods: variables.alarm_evaluation_periods.numberValue,
    missingData: 'notBreaching',
  } as const;
  return {
    bedrockErrors: {
      ...bedrock,
      id: 'bedrock_errors',
      description: 'Bedrock refused calls: validation, access or model not found',
      watched: bedrockSum('InvocationClientErrors'),
    },
    bedrockServerErrors: {
      ...bedrock,
      id: 'bedrock_server_errors',
      description: 'Bedrock failed calls on its own side',
      watched: bedrockSum('InvocationServerErrors'),
    },
    deadLetters: [
      anyMessage('input_dead_letters', 'Ingestion failed on messages', queues.input.deadLetters.queue.name),
      anyMessage(
        'hold_next_batch_dead_letters',
        'Releases found no worker that could take them',
        queues.holdNextBatch.deadLetters.queue.name,
      ),
      anyMessage(
        'reporting_dead_letters',
        'Reporting failed on table changes: counts are too low',
        queues.reportingFailures.queue.name,
      ),
    ],
    inputAge: oldestMessage(
      'input_age',
      'Requests wait to be ingested for more than 15 minutes',
      queues.input.queue.name,
      15 * 60,
    ),
    resultsAge: oldestMessage(
      'bedrock_results_age',
      'Results wait to be taken for more than 7 days; after 14 they are gone',
      queues.bedrockResults.queue.name,
      7 * DAY_SECONDS,
    ),
    oldestWaiting: {
      id: 'oldest_waiting_request',
      description: 'A request has waited in the backlog for more than an hour',
      watched: laneMetric(context, 'OldestWaitingSeconds', 'Maximum'),
      comparison: 'GreaterThanThreshold',
      threshold: 3600,
      periodSeconds: FIVE_MINUTES,
      evaluationPeriods: 1,
      missingData: 'notBreaching',
    },
    lanesPaused: {
      id: 'lanes_paused',
      description: 'A lane is paused: by an operator, a daily or zero quota, or repeated access errors',
      watched: laneMetric(context, 'LanesPaused', 'Maximum'),
      comparison: 'GreaterThanThreshold',
      threshold: 0,
      periodSeconds: FIVE_MINUTES,
      evaluationPeriods: 1,
      missingData: 'notBreaching',
    },
    heartbeat: {
      id: 'prioritization_heartbeat',
      description: 'Prioritization has not run for five minutes: nothing is released',
      watched: laneMetric(context, 'Heartbeat', 'Sum'),
      comparison: 'LessThanThreshold',
      threshold: 1,
      periodSeconds: FIVE_MINUTES,
      evaluationPeriods: 1,
      missingData: 'breaching',
    },
    functionErrors: [
      anyError('request_ingestion_errors', functions.ingestion.lambda.functionName),
      anyError('prioritization_errors', functions.prioritization.lambda.functionName),
      anyError('invocation_errors', functions.invocation.lambda.functionName),
      anyError('reporting_errors', functions.reporting.lambda.functionName),
    ],
    reportingDelay: {
      id: 'reporting_iterator_age',
      description: 'Reporting is more than five minutes behind the Requests table',
      watched: {
        namespace: 'AWS/Lambda',
        name: 'IteratorAge',
        dimensions: { FunctionName: functions.reporting.lambda.functionName },
        stat: 'Maximum',
      },
      comparison: 'GreaterThanThreshold',
      threshold: 5 * 60_000,
      periodSeconds: FIVE_MINUTES,
      evaluationPeriods: 1,
      missingData: 'notBreaching',
    },
  } as const satisfies Record<string, Alarm | readonly Alarm[]>;
}

export type Alarms = ReturnType<typeof alarmsOf>;

/** Of all models. Bedrock's metrics exist per model only. */
export function bedrockSum(metric: string): { query: string } {
  return { query: `SELECT SUM(${metric}) FROM SCHEMA("AWS/Bedrock", ModelId)` };
}

export function laneMetric(context: Context, name: string, stat: Metric['stat']): Metric {
  return { namespace: metricsNamespace(context), name, dimensions: {}, stat };
}

function queueMetric(name: string, queueName: string): Metric {
  return { namespace: 'AWS/SQS', name, dimensions: { QueueName: queueName }, stat: 'Maximum' };
}

function anyMessage(id: string, description: string, queueName: string): Alarm {
  return {
    id,
    description,
    watched: queueMetric('ApproximateNumberOfMessagesVisible', queueName),
    comparison: 'GreaterThanThreshold',
    threshold: 0,
    periodSeconds: FIVE_MINUTES,
    evaluationPeriods: 1,
    missingData: 'notBreaching',
  };
}

function oldestMessage(id: string, description: string, queueName: string, seconds: number): Alarm {
  return {
    id,
    description,
    watched: queueMetric('ApproximateAgeOfOldestMessage', queueName),
    comparison: 'GreaterThanThreshold',
    threshold: seconds,
    periodSeconds: FIVE_MINUTES,
    evaluationPeriods: 1,
    missingData: 'notBreaching',
  };
}

function anyError(id: string, functionName: string): Alarm {
  return {
    id,
    description: 'The function failed, timed out or could not start',
    watched: {
      namespace: 'AWS/Lambda',
      name: 'Errors',
      dimensions: { FunctionName: functionName },
      stat: 'Sum',
    },
    comparison: 'GreaterThanThreshold',
    threshold: 0,
    periodSeconds: FIVE_MINUTES,
    evaluationPeriods: 1,
    missingData: 'notBreaching',
  };
}
