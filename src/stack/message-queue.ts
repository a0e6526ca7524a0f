import { SqsQueue } from '@cdktf/provider-aws/lib/sqs-queue';
import { SqsQueuePolicy } from '@cdktf/provider-aws/lib/sqs-queue-policy';
import { SqsQueueRedriveAllowPolicy } from '@cdktf/provider-aws/lib/sqs-queue-redrive-allow-policy';
import { Fn, type ITerraformIterator, TerraformIterator } from 'cdktf';
import { Construct } from 'constructs';
import { type Context, nameOf } from './context.ts';
import { denyWithoutTls, policyDocument, type Statement } from './policy.ts';

/** The longest that SQS keeps a message. */
export const MESSAGE_RETENTION_DAYS = 14;
const DAY_SECONDS = 24 * 3600;
const MESSAGE_BYTES = 1024 * 1024;
/** AWS recommends at least 5 for a Lambda consumer, because a delivery that finds no free worker counts as a receive too. */
const RECEIVES = 5;
const LONG_POLL_SECONDS = 20;

export interface MessageQueueConfig {
  name: string;
  /** For a queue that a function consumes, at least six times the function's timeout. */
  visibilityTimeoutSeconds: number;
  /** One queue for each item; the name then contains the item. */
  forEach?: ITerraformIterator;
  /** An AWS service that may send messages, on behalf of a resource of ours. */
  sender?: { service: string; arn: string };
}

/** An encrypted queue that accepts only TLS. */
export class MessageQueue extends Construct {
  readonly queue: SqsQueue;
  readonly policy: SqsQueuePolicy;

  constructor(
    scope: Construct,
    id: string,
    context: Context,
    { name, visibilityTimeoutSeconds, forEach, sender }: MessageQueueConfig,
    redrivePolicy?: string,
  ) {
    super(scope, id);
    this.queue = new SqsQueue(this, 'default', {
      forEach,
      name: nameOf(context, name),
      maxMessageSize: MESSAGE_BYTES,
      messageRetentionSeconds: MESSAGE_RETENTION_DAYS * DAY_SECONDS,
      visibilityTimeoutSeconds,
      receiveWaitTimeSeconds: LONG_POLL_SECONDS,
      sqsManagedSseEnabled: true,
      redrivePolicy,
    });
    const made = forEach && TerraformIterator.fromResources(this.queue);
    const arn = made?.getString('arn') ?? this.queue.arn;
    this.policy = new SqsQueuePolicy(this, 'tls_only', {
      forEach: made,
      queueUrl: made?.getString('url') ?? this.queue.url,
      policy: policyDocument([
        denyWithoutTls('sqs:*', [arn]),
        ...(sender === undefined ? [] : [allowSender(sender, arn, context)]),
      ]),
    });
  }
}

function allowSender(
  { service, arn }: NonNullable<MessageQueueConfig['sender']>,
  queueArn: string,
  { account }: Context,
): Statement {
  return {
    Sid: 'AllowSender',
    Effect: 'Allow',
    Principal: { Service: service },
    Action: ['sqs:SendMessage'],
    Resource: [queueArn],
    Condition: {
      ArnEquals: { 'aws:SourceArn': arn },
      StringEquals: { 'aws:SourceAccount': account.accountId },
    },
  };
}

/** A queue that a function consumes, with its dead-letter queue beside it (`<id>_dlq`). */
export class ConsumedQueue extends MessageQueue {
  readonly deadLetters: MessageQueue;

  constructor(scope: Construct, id: string, context: Context, config: MessageQueueConfig) {
    const deadLetters = new MessageQueue(scope, `${id}_dlq`, context, {
      name: `${config.name}-dlq`,
      visibilityTimeoutSeconds: 60,
    });
    super(
      scope,
      id,
      context,
      config,
      Fn.jsonencode({ deadLetterTargetArn: deadLetters.queue.arn, maxReceiveCount: RECEIVES }),
    );
    this.deadLetters = deadLetters;
    // A resource of its own, because as arguments of the two queues they would refer to each other.
    new SqsQueueRedriveAllowPolicy(this, 'redrive_allow', {
      queueUrl: deadLetters.queue.url,
      redriveAllowPolicy: Fn.jsonencode({ redrivePermission: 'byQueue', sourceQueueArns: [this.queue.arn] }),
    });
  }
}
