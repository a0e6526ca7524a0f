/** What the commands and the console need: to look, and to act. A test compares them with what the commands ask for. */
import type { Functions } from './functions.ts';
import type { Monitoring } from './monitoring.ts';
import { allow, type Statement } from './policy.ts';
import type { Stores } from './stores.ts';

/** Looks at everything, and changes nothing. */
export function operatorReads(
  { queues, tables, bucket }: Stores,
  functions: Functions,
  { topic }: Pick<Monitoring, 'topic'>,
): Statement[] {
  const { requests, lanes, reporting } = tables;
  const { input, holdNextBatch, bedrockResults, batches, reportingFailures } = queues;
  return [
    allow('LookAtLanes', ['dynamodb:GetItem', 'dynamodb:Query'], [lanes.arn]),
    // A list of failed requests reads the whole table.
    allow('LookAtRequests', ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Scan'], [requests.arn]),
    allow('LookAtBacklog', ['dynamodb:Query'], [`${requests.arn}/index/backlog`]),
    allow('ReadReports', ['dynamodb:GetItem', 'dynamodb:Query'], [reporting.arn]),
    allow('LookAtBatches', ['dynamodb:GetItem'], [tables.batches.arn]),
    allow(
      'CountMessages',
      ['sqs:GetQueueAttributes', 'sqs:GetQueueUrl'],
      [
        input.queue.arn,
        input.deadLetters.queue.arn,
        holdNextBatch.queue.arn,
        holdNextBatch.deadLetters.queue.arn,
        bedrockResults.queue.arn,
        batches.queue.arn,
        batches.deadLetters.queue.arn,
        reportingFailures.queue.arn,
      ],
    ),
    allow('FindBucket', ['s3:ListBucket'], [bucket.arn]),
    allow(
      'LookAtFunctions',
      ['lambda:GetFunctionConfiguration'],
      Object.values(functions).map(({ lambda }) => lambda.arn),
    ),
    // These have no resource to narrow them to.
    allow(
      'LookAtAccount',
      [
        'lambda:GetAccountSettings',
        'lambda:ListEventSourceMappings',
        'cloudwatch:DescribeAlarms',
        'bedrock:GetFoundationModelAvailability',
      ],
      ['*'],
    ),
    allow('LookAtAlarms', ['sns:ListSubscriptionsByTopic'], [topic.arn]),
  ];
}

/** Acts, for those who may look. */
export function operatorWrites({ queues, tables, bucket }: Stores): Statement[] {
  const { requests, lanes, reporting } = tables;
  const { input, holdNextBatch, batches, reportingFailures } = queues;
  const deadLetters = [
    input.deadLetters.queue.arn,
    holdNextBatch.deadLetters.queue.arn,
    batches.deadLetters.queue.arn,
    reportingFailures.queue.arn,
  ];
  return [
    allow('PauseAndResume', ['dynamodb:UpdateItem'], [lanes.arn]),
    allow('ForgetFailedRequests', ['dynamodb:DeleteItem'], [requests.arn]),
    allow('CountAgain', ['dynamodb:UpdateItem'], [reporting.arn]),
    // Listing dead letters hides them from others for a while.
    allow(
      'HandleDeadLetters',
      ['sqs:ReceiveMessage', 'sqs:ChangeMessageVisibility', 'sqs:DeleteMessage'],
      deadLetters,
    ),
    allow(
      'SendAgainAndCancel',
      ['sqs:SendMessage'],
      [input.queue.arn, holdNextBatch.queue.arn, batches.queue.arn],
    ),
    allow('ReadPayloads', ['s3:GetObject'], [`${bucket.arn}/payloads/*`]),
    allow('PutLargeRetries', ['s3:PutObject'], [`${bucket.arn}/inbox/retries/*`]),
  ];
}
