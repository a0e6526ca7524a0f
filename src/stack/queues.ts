import type { S3Bucket } from '@cdktf/provider-aws/lib/s3-bucket';
import { TerraformIterator } from 'cdktf';
import type { Construct } from 'constructs';
import type { Context } from './context.ts';
import { ConsumedQueue, MessageQueue } from './message-queue.ts';
import {
  BATCH_TIMEOUT_SECONDS,
  INGESTION_TIMEOUT_SECONDS,
  INVOCATION_TIMEOUT_SECONDS,
  VISIBILITY_PER_TIMEOUT,
} from './timeouts.ts';

const RESULTS = 'bedrock-results';

export interface Queues {
  input: ConsumedQueue;
  holdNextBatch: ConsumedQueue;
  bedrockResults: MessageQueue;
  /** Results queues with names of their own, as the variable results_queues gives them. */
  namedResults: MessageQueue;
  /** Positions of stream batches that reporting failed on. */
  reportingFailures: MessageQueue;
  /** What S3 says about batch files, and what is left to do about them. */
  batches: ConsumedQueue;
}

export function defineQueues(scope: Construct, context: Context, bucket: S3Bucket): Queues {
  const each = TerraformIterator.fromList(context.variables.results_queues.listValue);
  return {
    input: new ConsumedQueue(scope, 'input', context, {
      name: 'input',
      visibilityTimeoutSeconds: VISIBILITY_PER_TIMEOUT * INGESTION_TIMEOUT_SECONDS,
    }),
    holdNextBatch: new ConsumedQueue(scope, 'hold_next_batch', context, {
      name: 'hold-next-batch',
      visibilityTimeoutSeconds: VISIBILITY_PER_TIMEOUT * INVOCATION_TIMEOUT_SECONDS,
    }),
    // No dead letters: how often a result may be received is for the consumer to decide, and none may be lost.
    bedrockResults: new MessageQueue(scope, 'bedrock_results', context, {
      name: RESULTS,
      visibilityTimeoutSeconds: context.variables.results_visibility_timeout_seconds.numberValue,
    }),
    // Functions find their URLs by these names (src/aws/sqs.ts): a list of URLs would not fit their environment.
    namedResults: new MessageQueue(scope, 'named_results', context, {
      name: `${RESULTS}-${each.value}`,
      visibilityTimeoutSeconds: context.variables.results_visibility_timeout_seconds.numberValue,
      forEach: each,
    }),
    reportingFailures: new MessageQueue(scope, 'reporting_dlq', context, {
      name: 'reporting-dlq',
      visibilityTimeoutSeconds: 60,
    }),
    batches: new ConsumedQueue(scope, 'batches', context, {
      name: 'batches',
      visibilityTimeoutSeconds: VISIBILITY_PER_TIMEOUT * BATCH_TIMEOUT_SECONDS,
      sender: { service: 's3.amazonaws.com', arn: bucket.arn },
    }),
  };
}
