/** Deletes the stack's tables, queues and buckets from a backend that outlives the local cloud. */
import { DeleteTableCommand, DynamoDBClient, waitUntilTableNotExists } from '@aws-sdk/client-dynamodb';
import {
  DeleteBucketCommand,
  DeleteObjectsCommand,
  ListObjectsV2Command,
  S3Client,
} from '@aws-sdk/client-s3';
import { DeleteQueueCommand, GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Backend } from './emulators.ts';
import { S3Service } from './gateway/s3-service.ts';
import type { EvaluatedStack } from './terraform/stack.ts';

/** Errors of a resource that was never created, because provisioning failed before it. */
const ABSENT = ['ResourceNotFoundException', 'QueueDoesNotExist', 'NoSuchBucket'];

/** How long deleting a table may take, and how often to look, in seconds. */
const DELETION = { maxWaitTime: 60, minDelay: 0.1, maxDelay: 1 };

export async function deprovision(
  stack: EvaluatedStack,
  { dynamodbUrl, sqsUrl, s3Url }: Backend,
): Promise<void> {
  const config = {
    region: stack.platform.region,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  };
  const dynamodb = new DynamoDBClient({ ...config, endpoint: dynamodbUrl });
  for (const table of stack.resources('aws_dynamodb_table')) {
    const TableName = table.text('name');
    await unlessAbsent(dynamodb.send(new DeleteTableCommand({ TableName })));
    await waitUntilTableNotExists({ client: dynamodb, ...DELETION }, { TableName });
  }
  const sqs = new SQSClient({ ...config, endpoint: sqsUrl, useQueueUrlAsEndpoint: false });
  for (const queue of stack.resources('aws_sqs_queue')) {
    const found = await unlessAbsent(sqs.send(new GetQueueUrlCommand({ QueueName: queue.text('name') })));
    if (found) await sqs.send(new DeleteQueueCommand({ QueueUrl: found.QueueUrl }));
  }
  const s3 = new S3Client({ ...config, endpoint: s3Url, forcePathStyle: true });
  for (const bucket of stack.resources('aws_s3_bucket').map((it) => it.text('bucket'))) {
    await unlessAbsent(deleteBucket(s3, bucket));
    await unlessAbsent(deleteBucket(s3, S3Service.versionsBucket(bucket)));
  }
  for (const client of [dynamodb, sqs, s3]) client.destroy();
}

async function deleteBucket(s3: S3Client, Bucket: string): Promise<void> {
  for (;;) {
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket }));
    if (Contents.length === 0) break;
    const Objects = Contents.map(({ Key = '' }) => ({ Key }));
    await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }));
  }
  await s3.send(new DeleteBucketCommand({ Bucket }));
}

async function unlessAbsent<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof Error && ABSENT.includes(error.name)) return undefined;
    throw error;
  }
}
