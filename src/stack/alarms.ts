import { type ResourceTerraformIterator, TerraformIterator } from 'cdktf';
import type { Context } from './context.ts';
import { metricsNamespace } from './context.ts';
import type { Functions } from './functions.ts';
import type { Stores } from './stores.ts';

/** A CloudWatch metric, in the form that alarms and graphs share. */
export interface Metric {
  namespace: string;
  name: string;
  dimensions: Record<string, string>;
  stat: 'Sum' | 'Maximum';
}

/** What an alarm watches: one metric, or a Metrics Insights query over all models (an alarm cannot use SEARCH). */
export type Watched = Metric | { query: string };

export interface Alarm {
  /** Terraform id; written with hyphens, it is the end of the alarm's name. */
  id: string;
  description: string;
  /** What to type first, after `smoother`. */
  command: string;
  watched: Watched;
  comparison: 'GreaterThanThreshold' | 'GreaterThanOrEqualToThreshold' | 'LessThanThreshold';
  threshold: number;
  periodSeconds: number;
  evaluationPeriods: number;
  /** What missing data means: `breaching` where there always is some, `notBreaching` where there is none while nothing happens. */
  missingData: 'breaching' | 'notBreaching';
  /** One alarm for each item; its name ends with the item. */
  forEach?: ResourceTerraformIterator;
}

const MINUTE = 60;
const FIVE_MINUTES = 5 * MINUTE;
const DAY_SECONDS = 24 * 3600;

/** Every alarm. The dashboard draws each threshold from here. */
export function alarmsOf(context: Context, stores: Stores, functions: Functions) {
  const { variables } = context;
  const { queues } = stores;
  const named = TerraformIterator.fromResources(queues.namedResults.queue);
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
      description: 'Bedrock rejected calls: invalid request, no access, or no such model',
      command: 'report --by model',
      watched: bedrockSum('InvocationClientErrors'),
    },
    bedrockServerErrors: {
      ...bedrock,
      id: 'bedrock_server_errors',
      description: 'Bedrock failed with server errors',
      command: 'lanes',
      watched: bedrockSum('InvocationServerErrors'),
    },
    deadLetters: [
      anyMessage(
        'input_dead_letters',
        'Ingestion failed on messages',
        'dead-letters list --queue input',
        queues.input.deadLetters.queue.name,
      ),
      anyMessage(
        'hold_next_batch_dead_letters',
        'Releases that no worker could take',
        'dead-letters list --queue hold',
        queues.holdNextBatch.deadLetters.queue.name,
      ),
      anyMessage(
        'reporting_dead_letters',
        'Reporting failed on table changes: its counts are too low',
        'dead-letters list --queue reporting',
        queues.reportingFailures.queue.name,
      ),
      anyMessage(
        'batches_dead_letters',
        'A batch file stands still: the batch function failed on it',
        'dead-letters list --queue batches',
        queues.batches.deadLetters.queue.name,
      ),
    ],
    inputAge: oldestMessage(
      'input_age',
      'Requests have waited for ingestion for more than 15 minutes',
      queues.input.queue.name,
      15 * 60,
    ),
    resultsAge: oldestMessage(
      'bedrock_results_age',
      'Results have waited to be received for more than 7 days; after 14 days they are lost',
      queues.bedrockResults.queue.name,
      7 * DAY_SECONDS,
    ),
    namedResultsAge: {
      ...oldestMessage(
        'named_results_age',
        'Results have waited in one of the results_queues for more than 7 days; after 14 days they are lost',
        named.getString('name'),
        7 * DAY_SECONDS,
      ),
      forEach: named,
    },
    oldestWaiting: {
      id: 'oldest_waiting_request',
      description: 'A request of priority 1 to 4 has waited in the backlog for more than an hour',
      command: 'watch',
      watched: laneMetric(context, 'OldestPriority1To4Seconds', 'Maximum'),
      comparison: 'GreaterThanThreshold',
      threshold: 3600,
      periodSeconds: FIVE_MINUTES,
      evaluationPeriods: 1,
      missingData: 'notBreaching',
    },
    lanesPaused: {
      id: 'lanes_paused',
      // The breaker pauses a lane for seconds at a time, which is no reason to send an e-mail.
      description:
        'A lane has been paused for five minutes: by a daily or zero quota, or by repeated errors of Bedrock',
      command: 'lanes',
      watched: laneMetric(context, 'LanesPaused', 'Maximum'),
      comparison: 'GreaterThanThreshold',
      threshold: 0,
      periodSeconds: MINUTE,
      evaluationPeriods: 5,
      missingData: 'notBreaching',
    },
    tenantBudgets: {
      id: 'tenant_budgets',
      description:
        'A tenant has spent 80 % of its budget of the day (tenant_budgets), or all that covers a request',
      command: 'budgets',
      watched: laneMetric(context, 'BudgetNotices', 'Sum'),
      comparison: 'GreaterThanThreshold',
      threshold: 0,
      periodSeconds: FIVE_MINUTES,
      evaluationPeriods: 1,
      missingData: 'notBreaching',
    },
    heartbeat: {
      id: 'prioritization_heartbeat',
      description: 'Prioritization has not run for five minutes: no requests are released',
      command: 'doctor',
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
      anyError('batch_errors', functions.batch.lambda.functionName),
    ],
    reportingDelay: {
      id: 'reporting_iterator_age',
      description: 'Reporting is more than five minutes behind the Requests table',
      command: 'doctor',
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

/** The sum over all models: Bedrock publishes its metrics by model only. */
function bedrockSum(metric: string): { query: string } {
  return { query: `SELECT SUM(${metric}) FROM SCHEMA("AWS/Bedrock", ModelId)` };
}

export function laneMetric(context: Context, name: string, stat: Metric['stat']): Metric {
  return { namespace: metricsNamespace(context), name, dimensions: {}, stat };
}

export function queueMetric(name: string, queueName: string): Metric {
  return { namespace: 'AWS/SQS', name, dimensions: { QueueName: queueName }, stat: 'Maximum' };
}

function anyMessage(id: string, description: string, command: string, queueName: string): Alarm {
  return {
    id,
    description,
    command,
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
    command: 'doctor',
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
    command: 'doctor',
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
