/** What starts the stack's functions: event source mappings and schedules, and what fills their queues from outside. */
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Activity } from './activity.ts';
import { compileFilter } from './event-sources/filter.ts';
import { intervalMinutes, Schedule } from './event-sources/schedule.ts';
import { SqsEventSource } from './event-sources/sqs.ts';
import { StreamEventSource } from './event-sources/stream.ts';
import type { PreparedFunction } from './functions.ts';
import type { Gateway } from './gateway/gateway.ts';
import { type Notifications, prepareNotifications } from './notifications.ts';
import { demand, newCredentials } from './roles.ts';
import { TerraformError } from './terraform/errors.ts';
import type { EvaluatedStack, Resource } from './terraform/stack.ts';

export interface TriggersOptions {
  stack: EvaluatedStack;
  functions: Map<string, PreparedFunction>;
  gateway: Gateway;
  activity: Activity;
  onLog: (functionName: string, line: string) => void;
}

export interface Triggers {
  queues: SqsEventSource[];
  /** By table name. */
  streams: Map<string, StreamEventSource>;
  schedules: Schedule[];
  notifications: Notifications['rules'];
  /** URLs of the queues that functions consume. */
  consumedQueueUrls: string[];
  clients: SQSClient[];
}

/** Lambda starts with five pollers for a queue, and would add more; here it stays at that. */
const DEFAULT_CONCURRENCY = 5;
const NEVER_TOO_OLD_SECONDS = 24 * 3600;

export function prepareTriggers(options: TriggersOptions): Triggers {
  const { rules: notifications, clients } = prepareNotifications(options.stack, options.gateway);
  const triggers: Triggers = {
    queues: [],
    streams: new Map(),
    schedules: [],
    notifications,
    consumedQueueUrls: [],
    clients,
  };
  for (const mapping of options.stack.resources('aws_lambda_event_source_mapping')) {
    if (mapping.flag('enabled', true)) addMapping(options, triggers, mapping);
  }
  for (const target of options.stack.resources('aws_cloudwatch_event_target')) {
    const schedule = readSchedule(options, target);
    if (schedule) triggers.schedules.push(schedule);
  }
  return triggers;
}

function addMapping(options: TriggersOptions, triggers: Triggers, mapping: Resource): void {
  const { stack, gateway } = options;
  const consumer = functionOf(options, mapping.address, mapping.text('function_name'));
  const { endpoint, region } = stack.platform;
  // The event source works with the function's role, and is counted apart from the function's own calls.
  const credentials = newCredentials();
  gateway.admit(`${consumer.lambda.name}/event-source`, credentials, consumer.policy);
  const sqs = new SQSClient({ endpoint, region, credentials });
  triggers.clients.push(sqs);
  const sourceArn = mapping.text('event_source_arn');
  const queue = stack.resources('aws_sqs_queue').find((candidate) => candidate.text('arn') === sourceArn);
  if (queue) {
    triggers.queues.push(queueSource(options, mapping, consumer, queue, sqs));
    triggers.consumedQueueUrls.push(queue.text('url'));
    return;
  }
  const table = stack
    .resources('aws_dynamodb_table')
    .find(
      (candidate) => candidate.flag('stream_enabled', false) && candidate.text('stream_arn') === sourceArn,
    );
  if (!table) throw new TerraformError(mapping.address, `the event source ${sourceArn} is not in the stack`);
  if (triggers.streams.has(table.text('name'))) {
    throw new TerraformError(mapping.address, 'a second consumer of a stream is not supported');
  }
  triggers.streams.set(table.text('name'), streamSource(options, mapping, consumer, table, sqs));
}

function queueSource(
  { stack, activity, onLog }: TriggersOptions,
  mapping: Resource,
  { lambda, policy, timeoutSeconds }: PreparedFunction,
  queue: Resource,
  sqs: SQSClient,
): SqsEventSource {
  const actions = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'];
  demand(mapping.address, policy, actions, queue.text('arn'), 'to poll the queue');
  if (queue.number('visibility_timeout_seconds', 30) < timeoutSeconds) {
    throw new TerraformError(
      mapping.address,
      `the queue's visibility timeout is shorter than the function's timeout of ${timeoutSeconds} s`,
    );
  }
  if (mapping.has('filter_criteria'))
    throw new TerraformError(mapping.address, 'a filter on a queue is not supported');
  const concurrency = mapping.blocks('scaling_config')[0]?.maximum_concurrency;
  return new SqsEventSource({
    queueUrl: queue.text('url'),
    queueArn: queue.text('arn'),
    region: stack.platform.region,
    sqs,
    target: lambda,
    batchSize: mapping.number('batch_size', 10),
    batchingWindowSeconds: mapping.number('maximum_batching_window_in_seconds', 0),
    maximumConcurrency: concurrency === undefined ? DEFAULT_CONCURRENCY : Number(concurrency),
    partialFailures: mapping.list('function_response_types').includes('ReportBatchItemFailures'),
    activity,
    onError: errorLog(onLog, lambda.name),
  });
}

function streamSource(
  { stack, activity, onLog }: TriggersOptions,
  mapping: Resource,
  { lambda, policy }: PreparedFunction,
  table: Resource,
  sqs: SQSClient,
): StreamEventSource {
  const actions = [
    'dynamodb:DescribeStream',
    'dynamodb:GetRecords',
    'dynamodb:GetShardIterator',
    'dynamodb:ListStreams',
  ];
  demand(mapping.address, policy, actions, table.text('stream_arn'), 'to read the stream');
  const onError = errorLog(onLog, lambda.name);
  const retries = mapping.number('maximum_retry_attempts', -1);
  const age = mapping.number('maximum_record_age_in_seconds', -1);
  const failureQueue = failureDestination(stack, mapping);
  if (failureQueue)
    demand(mapping.address, policy, ['sqs:SendMessage'], failureQueue.text('arn'), 'to keep what failed');
  const filters = mapping
    .blocks('filter_criteria')
    .flatMap(({ filter }) => (Array.isArray(filter) ? filter : [filter]) as { pattern: string }[])
    .map(({ pattern }) => compileFilter(mapping.address, JSON.parse(pattern)));
  return new StreamEventSource({
    table: table.text('name'),
    streamArn: table.text('stream_arn'),
    region: stack.platform.region,
    viewType: table.text('stream_view_type'),
    target: lambda,
    batchSize: mapping.number('batch_size', 100),
    batchingWindowSeconds: mapping.number('maximum_batching_window_in_seconds', 0),
    parallelization: mapping.number('parallelization_factor', 1),
    maximumRetryAttempts: retries < 0 ? Number.POSITIVE_INFINITY : retries,
    maximumRecordAgeSeconds: age < 0 ? NEVER_TOO_OLD_SECONDS : age,
    bisectBatchOnFunctionError: mapping.flag('bisect_batch_on_function_error', false),
    partialFailures: mapping.list('function_response_types').includes('ReportBatchItemFailures'),
    matches: (record) => filters.length === 0 || filters.some((matches) => matches(record)),
    onDiscarded: async (message) => {
      if (!failureQueue) return;
      const command = new SendMessageCommand({
        QueueUrl: failureQueue.text('url'),
        MessageBody: JSON.stringify(message),
      });
      // Lambda drops a message that it cannot deliver, and goes on.
      await sqs.send(command).catch(onError);
    },
    activity,
  });
}

function errorLog(onLog: TriggersOptions['onLog'], functionName: string): (error: unknown) => void {
  return (error) =>
    onLog(functionName, JSON.stringify({ level: 'ERROR', message: 'event source', error: String(error) }));
}

function failureDestination(stack: EvaluatedStack, mapping: Resource): Resource | undefined {
  const onFailure = mapping.blocks('destination_config')[0]?.on_failure as
    | { destination_arn: string }
    | undefined;
  const block = Array.isArray(onFailure) ? onFailure[0] : onFailure;
  if (!block) return undefined;
  const queue = stack
    .resources('aws_sqs_queue')
    .find((candidate) => candidate.text('arn') === block.destination_arn);
  if (queue) return queue;
  throw new TerraformError(
    mapping.address,
    `the failure destination ${block.destination_arn} is not a queue of the stack`,
  );
}

function readSchedule(options: TriggersOptions, target: Resource): Schedule | undefined {
  const { stack } = options;
  const rule = stack
    .resources('aws_cloudwatch_event_rule')
    .find((candidate) => candidate.text('name') === target.text('rule'));
  if (!rule) throw new TerraformError(target.address, `there is no rule ${target.text('rule')}`);
  if (!rule.has('schedule_expression'))
    throw new TerraformError(rule.address, 'a rule without a schedule is not supported');
  if (rule.has('state') && rule.text('state') === 'DISABLED') return undefined;
  const { lambda } = functionOf(options, target.address, target.text('arn'));
  const permitted = stack
    .resources('aws_lambda_permission')
    .some(
      (permission) =>
        permission.text('principal') === 'events.amazonaws.com' &&
        permission.text('action') === 'lambda:InvokeFunction' &&
        [lambda.name, lambda.arn].includes(permission.text('function_name')) &&
        (!permission.has('source_arn') || permission.text('source_arn') === rule.text('arn')),
    );
  if (!permitted) {
    throw new TerraformError(
      target.address,
      `no aws_lambda_permission lets EventBridge perform lambda:InvokeFunction on ${lambda.name}`,
    );
  }
  const input: unknown = target.has('input') ? JSON.parse(target.text('input')) : {};
  const minutes = intervalMinutes(rule.address, rule.text('schedule_expression'));
  return new Schedule(minutes, () => lambda.invokeLater(input));
}

function functionOf({ functions }: TriggersOptions, address: string, nameOrArn: string): PreparedFunction {
  const found = functions.get(nameOrArn.split(':function:').at(-1) ?? '');
  if (found) return found;
  throw new TerraformError(address, `the function ${nameOrArn} is not in the stack`);
}
