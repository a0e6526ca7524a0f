import { SnsTopic } from '@cdktf/provider-aws/lib/sns-topic';
import type { Construct } from 'constructs';
import { type Context, nameOf } from './context.ts';

/** Encrypted with the key that AWS manages: it lets the batch function publish, whose role may. */
export function defineBatchTopic(scope: Construct, context: Context): SnsTopic {
  return new SnsTopic(scope, 'batches', {
    name: nameOf(context, 'batches'),
    // The sender's name in e-mails.
    displayName: nameOf(context, 'batches'),
    kmsMasterKeyId: 'alias/aws/sns',
  });
}
