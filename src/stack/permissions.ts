/** What each function may do: the actions it uses, on the resources it uses them on, and nothing else. */
import type { SqsQueue } from '@cdktf/provider-aws/lib/sqs-queue';
import { Fn, Op } from 'cdktf';
import type { Context } from './context.ts';
import { allow, type OptionalStatement, type Statement } from './policy.ts';
import type { Queues } from './queues.ts';
import type { SmootherFunction } from './smoother-function.ts';
import type { Stores } from './stores.ts';

export function ingestionPermissions(
  context: Context,
  { queues, tables, bucket }: Stores,
  prioritization: SmootherFunction,
): Statement[] {
  return [
    consume('ReceiveInput', queues.input.queue),
    ...takeRequestsIn({ tables, bucket }, prioritization),
    allow('ReadInbox', ['s3:GetObject', 's3:GetObjectVersion'], [`${bucket.arn}/inbox/*`]),
    sendResults('SendRejections', queues, context),
  ];
}

export function batchPermissions(
  { queues, tables, bucket, batchTopic }: Stores,
  prioritization: SmootherFunction,
): Statement[] {
  return [
    consume('ReceiveBatches', queues.batches.queue),
    send('CarryOn', queues.batches.queue),
    allow(
      'KeepBatches',
      ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'],
      [tables.batches.arn],
    ),
    allow('ReadBatches', ['s3:GetObject', 's3:GetObjectVersion'], [`${bucket.arn}/batches/*`]),
    ...takeRequestsIn({ tables, bucket }, prioritization),
    allow('ReadOutcomes', ['dynamodb:BatchGetItem'], [tables.requests.arn]),
    allow('ReadOutputs', ['s3:GetObject'], [`${bucket.arn}/outputs/*`]),
    // Nothing is listed, but S3 says that a key is missing only to those who may list; to others it denies access.
    allow('TellMissingOutputs', ['s3:ListBucket'], [bucket.arn]),
    allow('WriteOutput', ['s3:PutObject'], [`${bucket.arn}/batch-outputs/*`]),
    allow('TellEnds', ['sns:Publish'], [batchTopic.arn]),
  ];
}

/** What both functions that take requests in do with them. */
function takeRequestsIn(
  { tables, bucket }: Pick<Stores, 'tables' | 'bucket'>,
  prioritization: SmootherFunction,
): Statement[] {
  const write = ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'];
  return [
    allow('WriteRecords', write, [tables.requests.arn]),
    allow('AnnounceWork', write, [tables.lanes.arn]),
    allow('StorePayloads', ['s3:PutObject'], [`${bucket.arn}/payloads/*`]),
    wakeLeader(prioritization),
  ];
}

function wakeLeader({ lambda }: SmootherFunction): Statement {
  return allow('WakeLeader', ['lambda:InvokeFunction'], [lambda.arn]);
}

/** CountTokens takes only foundation models of the Region. */
export function countingPermission({ variables, partition }: Context): OptionalStatement {
  const { aws_region, count_tokens } = variables;
  const models = `arn:${partition.partition}:bedrock:${aws_region.stringValue}::foundation-model/*`;
  return { when: count_tokens, statement: allow('CountTokens', ['bedrock:CountTokens'], [models]) };
}

export function prioritizationPermissions(context: Context, { queues, tables }: Stores): Statement[] {
  return [
    allow('MoveRecords', ['dynamodb:GetItem', 'dynamodb:UpdateItem'], [tables.requests.arn]),
    allow(
      'ReadBacklogAndDue',
      ['dynamodb:Query'],
      [`${tables.requests.arn}/index/backlog`, `${tables.requests.arn}/index/due`],
    ),
    allow(
      'LeadLanes',
      [
        'dynamodb:GetItem',
        'dynamodb:PutItem',
        'dynamodb:UpdateItem',
        'dynamodb:DeleteItem',
        'dynamodb:Query',
      ],
      [tables.lanes.arn],
    ),
    // Service Quotas has no resource type to narrow these to.
    allow(
      'ReadQuotas',
      [
        'servicequotas:GetServiceQuota',
        'servicequotas:GetAWSDefaultServiceQuota',
        'servicequotas:ListServiceQuotas',
        'servicequotas:ListAWSDefaultServiceQuotas',
      ],
      ['*'],
    ),
    send('Release', queues.holdNextBatch.queue),
    sendResults('SendResults', queues, context),
  ];
}

/** @param mediaArns objects that requests may name by `s3Location` */
export function invocationPermissions(
  context: Context,
  { queues, tables, bucket }: Stores,
  prioritization: SmootherFunction,
  mediaArns: string[],
): Statement[] {
  return [
    consume('ReceiveReleases', queues.holdNextBatch.queue),
    allow('MoveRecords', ['dynamodb:GetItem', 'dynamodb:UpdateItem'], [tables.requests.arn]),
    allow(
      'ReportToLane',
      ['dynamodb:GetItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'],
      [tables.lanes.arn],
    ),
    allow('SeeOffers', ['dynamodb:Query'], [tables.lanes.arn]),
    wakeLeader(prioritization),
    allow('ReadPayloads', ['s3:GetObject'], [`${bucket.arn}/payloads/*`]),
    // Nothing is listed, but S3 says that a key is missing only to those who may list; to others it denies access.
    allow('TellMissingPayloads', ['s3:ListBucket'], [bucket.arn]),
    allow('StoreOutputs', ['s3:PutObject'], [`${bucket.arn}/outputs/*`]),
    sendResults('SendResults', queues, context),
    allow('CallBedrock', ['bedrock:InvokeModel'], modelArns(context)),
    // A stored prompt names its own model, which needs the permission above as well.
    allow('RenderPrompts', ['bedrock:RenderPrompt'], [`${ownBedrock(context)}:prompt/*`]),
    // For requests with a guardrail: Bedrock asks for this besides the model's own permission.
    allow('ApplyGuardrails', ['bedrock:ApplyGuardrail'], guardrailArns(context)),
    // For tools that Bedrock runs itself, such as web grounding. Their ARNs have no Region.
    allow('UseSystemTools', ['bedrock:InvokeTool'], [systemTools(context)]),
    // Bedrock reads what a request names by s3Location with the rights of the caller.
    allow('ReadMedia', ['s3:GetObject'], mediaArns),
  ];
}

export function reportingPermissions({ queues, tables }: Stores): Statement[] {
  return [
    allow(
      'ReadChanges',
      ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator', 'dynamodb:ListStreams'],
      [tables.requests.streamArn],
    ),
    allow('CountChanges', ['dynamodb:GetItem', 'dynamodb:UpdateItem'], [tables.reporting.arn]),
    send('KeepFailures', queues.reportingFailures.queue),
  ];
}

/** What an SQS event source does with the function's role. */
function consume(sid: string, queue: SqsQueue): Statement {
  return allow(sid, ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'], [queue.arn]);
}

/**
 * The shared results queue and those with names of their own. Listed one by one, they could exceed what a role's policies may
 * hold.
 */
function sendResults(sid: string, { bedrockResults }: Queues, { variables }: Context): Statement {
  const { arn } = bedrockResults.queue;
  const hasNamed = Op.gte(Fn.lengthOf(variables.results_queues.value), 1);
  // Joined by Terraform, because CDKTF cannot nest its functions around text that contains references.
  const named = Fn.join('-', [arn, '*']);
  return allow(sid, ['sqs:SendMessage'], Fn.conditional(hasNamed, [arn, named], [arn]));
}

function send(sid: string, queue: SqsQueue): Statement {
  return allow(sid, ['sqs:SendMessage'], [queue.arn]);
}

/** What Bedrock calls in place of a foundation model, by the types of their ARNs. They belong to the account. */
const OWN_MODELS = [
  'inference-profile',
  'application-inference-profile',
  'provisioned-model',
  'imported-model',
  'custom-model-deployment',
  'prompt-router',
  'default-prompt-router',
];

/**
 * Any model, because requests name theirs. A call through an inference profile or a prompt router needs it and the
 * foundation model in every Region that it leads to.
 */
function modelArns(context: Context): string[] {
  return [
    `arn:${context.partition.partition}:bedrock:*::foundation-model/*`,
    ...OWN_MODELS.map((type) => `${ownBedrock(context)}:${type}/*`),
  ];
}

/** A guardrail with cross-Region inference also needs its profile in every Region that the profile leads to. */
function guardrailArns(context: Context): string[] {
  const { account, partition } = context;
  return [
    `${ownBedrock(context)}:guardrail/*`,
    `arn:${partition.partition}:bedrock:*:${account.accountId}:guardrail-profile/*`,
  ];
}

function systemTools({ account, partition }: Context): string {
  return `arn:${partition.partition}:bedrock::${account.accountId}:system-tool/*`;
}

/** Start of the ARNs of what this account has in Bedrock, in the stack's Region. */
function ownBedrock({ variables, account, partition }: Context): string {
  return `arn:${partition.partition}:bedrock:${variables.aws_region.stringValue}:${account.accountId}`;
}
