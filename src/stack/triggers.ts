import { CloudwatchEventRule } from '@cdktf/provider-aws/lib/cloudwatch-event-rule';
import { CloudwatchEventTarget } from '@cdktf/provider-aws/lib/cloudwatch-event-target';
import { LambdaEventSourceMapping } from '@cdktf/provider-aws/lib/lambda-event-source-mapping';
import { LambdaFunctionEventInvokeConfig } from '@cdktf/provider-aws/lib/lambda-function-event-invoke-config';
import { LambdaPermission } from '@cdktf/provider-aws/lib/lambda-permission';
import { S3BucketNotification } from '@cdktf/provider-aws/lib/s3-bucket-notification';
import { Fn, Op, Token } from 'cdktf';
import type { Construct } from 'constructs';
import { type Context, nameOf } from './context.ts';
import type { Functions } from './functions.ts';
import type { Stores } from './stores.ts';

const OUTCOMES = ['COMPLETED', 'FAILED', 'EXPIRED', 'CANCELLED', 'REJECTED'];
const PARTIAL_FAILURES = ['ReportBatchItemFailures'];
/** A batch is worked on by one invocation at a time: further ones take turns. */
const MOST_CONCURRENT_BATCHES = 5;
/** A batch file, and what cancels one (src/core/batch/batch.ts). */
const BATCH_ENDINGS = ['.jsonl', '.cancel'];

/** What starts each function. */
export function defineTriggers(
  scope: Construct,
  context: Context,
  { queues, tables, bucket }: Stores,
  { ingestion, prioritization, invocation, reporting, batch }: Functions,
): void {
  new LambdaEventSourceMapping(scope, 'input_to_ingestion', {
    eventSourceArn: queues.input.queue.arn,
    functionName: ingestion.lambda.arn,
    batchSize: 10,
    scalingConfig: { maximumConcurrency: concurrentIngestions(context) },
    functionResponseTypes: PARTIAL_FAILURES,
    dependsOn: [ingestion.permissions],
  });
  new LambdaEventSourceMapping(scope, 'hold_to_invocation', {
    eventSourceArn: queues.holdNextBatch.queue.arn,
    functionName: invocation.lambda.arn,
    // A message already is a bundle of releases.
    batchSize: 1,
    scalingConfig: { maximumConcurrency: context.variables.max_concurrent_executions.numberValue },
    functionResponseTypes: PARTIAL_FAILURES,
    dependsOn: [invocation.permissions],
  });
  new LambdaEventSourceMapping(scope, 'requests_to_reporting', {
    eventSourceArn: tables.requests.streamArn,
    functionName: reporting.lambda.arn,
    startingPosition: 'TRIM_HORIZON',
    batchSize: 100,
    maximumBatchingWindowInSeconds: 5,
    bisectBatchOnFunctionError: true,
    maximumRetryAttempts: 10,
    // A change that cannot be counted within an hour goes to the failure queue, long before the stream drops it.
    maximumRecordAgeInSeconds: 3600,
    destinationConfig: { onFailure: { destinationArn: queues.reportingFailures.queue.arn } },
    filterCriteria: {
      filter: reportedImages().map((image) => ({
        pattern: Fn.jsonencode({ dynamodb: { NewImage: image } }),
      })),
    },
    functionResponseTypes: PARTIAL_FAILURES,
    dependsOn: [reporting.permissions],
  });
  new LambdaEventSourceMapping(scope, 'batches_to_batch', {
    eventSourceArn: queues.batches.queue.arn,
    functionName: batch.lambda.arn,
    // What is to be done about one batch must not wait for another's.
    batchSize: 1,
    scalingConfig: { maximumConcurrency: concurrentBatches(context) },
    functionResponseTypes: PARTIAL_FAILURES,
    dependsOn: [batch.permissions],
  });
  new S3BucketNotification(scope, 'batch_files', {
    bucket: bucket.id,
    queue: BATCH_ENDINGS.map((filterSuffix) => ({
      queueArn: queues.batches.queue.arn,
      events: ['s3:ObjectCreated:*'],
      filterPrefix: 'batches/',
      filterSuffix,
    })),
    // S3 tries at once whether it may send.
    dependsOn: [queues.batches.policy],
  });
  defineSchedule(scope, context, prioritization.lambda);
}

/**
 * Without a limit, a flood of messages would start ingestions until the account has no concurrency left for the workers.
 * Ingestion is much quicker than a call of Bedrock, so a third of the workers is enough to keep them busy.
 */
function concurrentIngestions(context: Context): number {
  const { max_concurrent_ingestions: given } = context.variables;
  return Token.asNumber(Fn.conditional(Op.gte(given.value, 2), given.value, thirdOfWorkers(context)));
}

/** In an account with little concurrency, batches must not take all of it. */
function concurrentBatches(context: Context): number {
  return Fn.min([MOST_CONCURRENT_BATCHES, thirdOfWorkers(context)]);
}

/** An event source cannot be limited to fewer than two. */
function thirdOfWorkers({ variables }: Context): number {
  return Fn.max([2, Fn.floor(Op.div(variables.max_concurrent_executions.value, 3))]);
}

/**
 * What reporting counts: a first arrival, and an outcome, but not the later mark that its result was sent. `exists` works on
 * leaves only, which is why the path includes the attribute's type.
 */
function reportedImages() {
  return [
    { status: { S: ['RECEIVED'] }, generation: { N: ['0'] } },
    { status: { S: OUTCOMES }, result_sent: { BOOL: [{ exists: false }] } },
  ];
}

/** Starts prioritization every minute, whatever happens. In between, ingestion wakes it. */
function defineSchedule(
  scope: Construct,
  context: Context,
  lambda: Functions['prioritization']['lambda'],
): void {
  const rule = new CloudwatchEventRule(scope, 'every_minute', {
    name: nameOf(context, 'every-minute'),
    description: 'Starts prioritization every minute',
    scheduleExpression: 'rate(1 minute)',
  });
  new CloudwatchEventTarget(scope, 'every_minute_to_prioritization', {
    rule: rule.name,
    arn: lambda.arn,
    input: Fn.jsonencode({}),
  });
  new LambdaPermission(scope, 'every_minute_starts_prioritization', {
    statementId: 'EveryMinute',
    action: 'lambda:InvokeFunction',
    functionName: lambda.functionName,
    principal: 'events.amazonaws.com',
    sourceArn: rule.arn,
  });
  // A start that comes late or twice is useless: the next minute brings another.
  new LambdaFunctionEventInvokeConfig(scope, 'prioritization_starts', {
    functionName: lambda.functionName,
    maximumRetryAttempts: 0,
    maximumEventAgeInSeconds: 60,
  });
}
