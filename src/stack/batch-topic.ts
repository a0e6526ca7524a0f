import { SnsTopic } from '@cdktf/provider-aws/lib/sns-topic';
import type { Construct } from 'constructs';
import { type Context, nameOf } from './context.ts';

/** Encrypted with the key that AWS manages, with which every role that may publish can publish. */
export function defineBatchTopic(scope: Construct, context: Context): SnsTopic {
  return new SnsTopic(scope, 'batches', {
    name: nameOf(context, 'batches'),
    // The sender's name in e-mails.
    displayName: nameOf(context, 'batches'),
    kmsMasterKeyId: 'alias/aws/sns',
  });
}
