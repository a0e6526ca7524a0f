/** What buckets tell queues about their objects. */
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { NotificationRule } from './event-sources/object-notifications.ts';
import type { Gateway } from './gateway/gateway.ts';
import { newCredentials, readServiceGrants } from './roles.ts';
import { TerraformError } from './terraform/errors.ts';
import type { EvaluatedStack, Resource } from './terraform/stack.ts';

export interface Notifications {
  rules: NotificationRule[];
  clients: SQSClient[];
}

/** @throws TerraformError when a queue's policy does not let S3 send: AWS checks that when notifications are configured */
export function prepareNotifications(stack: EvaluatedStack, gateway: Gateway): Notifications {
  const grants = readServiceGrants(stack);
  const { endpoint, region } = stack.platform;
  const notifications = stack.resources('aws_s3_bucket_notification');
  if (notifications.length === 0) return { rules: [], clients: [] };
  const credentials = newCredentials();
  gateway.admit('s3', credentials);
  const sqs = new SQSClient({ endpoint, region, credentials });

  const ruleOf = (notification: Resource, rule: Record<string, unknown>): NotificationRule => {
    const bucket = notification.text('bucket');
    const queueArn = String(rule.queue_arn);
    const queue = stack.resources('aws_sqs_queue').find((candidate) => candidate.text('arn') === queueArn);
    if (!queue) throw new TerraformError(notification.address, `the queue ${queueArn} is not in the stack`);
    const maySend = grants.some(
      ({ service, source, policy }) =>
        service === 's3.amazonaws.com' &&
        source === `arn:aws:s3:::${bucket}` &&
        policy.allows({ action: 'sqs:SendMessage', resource: queueArn }),
    );
    if (!maySend) {
      throw new TerraformError(
        notification.address,
        `no aws_sqs_queue_policy lets S3 perform sqs:SendMessage on ${queueArn} for ${bucket}`,
      );
    }
    return {
      bucket,
      events: (rule.events as unknown[]).map(String),
      prefix: String(rule.filter_prefix ?? ''),
      suffix: String(rule.filter_suffix ?? ''),
      async send(body) {
        await sqs.send(new SendMessageCommand({ QueueUrl: queue.text('url'), MessageBody: body }));
      },
    };
  };

  const rules = notifications.flatMap((notification) => {
    const other = ['lambda_function', 'topic', 'eventbridge'].find((name) => notification.has(name));
    if (other) throw new TerraformError(notification.address, `"${other}" is not supported`);
    return notification.blocks('queue').map((rule) => ruleOf(notification, rule));
  });
  return { rules, clients: [sqs] };
}
