import type { S3Bucket } from '@cdktf/provider-aws/lib/s3-bucket';
import type { SnsTopic } from '@cdktf/provider-aws/lib/sns-topic';
import type { Queues } from './queues.ts';
import type { Tables } from './tables.ts';

/** What the functions work on. */
export interface Stores {
  queues: Queues;
  tables: Tables;
  bucket: S3Bucket;
  /** Who wants to know that a batch has ended subscribes to it. */
  batchTopic: SnsTopic;
}
