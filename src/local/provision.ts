/** Creates the stack's tables, queues, buckets and topics on the emulators. */
import {
  type AttributeValue,
  CreateTableCommand,
  DynamoDBClient,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import {
  type BucketLocationConstraint,
  CreateBucketCommand,
  type CreateBucketConfiguration,
  S3Client,
} from '@aws-sdk/client-s3';
import { CreateTopicCommand, SNSClient } from '@aws-sdk/client-sns';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { DynamodbService } from './gateway/dynamodb-service.ts';
import type { Credentials } from './gateway/identity.ts';
import { S3Service } from './gateway/s3-service.ts';
import type { EvaluatedStack, Resource } from './terraform/stack.ts';

export interface ProvisionOptions {
  stack: EvaluatedStack;
  credentials: Credentials;
  s3: S3Service;
}

export async function provision(options: ProvisionOptions): Promise<void> {
  const { stack, credentials } = options;
  const { endpoint, region } = stack.platform;
  const config = { endpoint, region, credentials };
  await Promise.all([
    provisionTables(options, new DynamoDBClient(config)),
    provisionQueues(options, new SQSClient(config)),
    provisionBuckets(options, new S3Client(config)),
    provisionTopics(options, new SNSClient(config)),
  ]);
}

/** Tells the gateway the keys of the tables, and which tables have a consumer of their changes. */
export function watchTables(stack: EvaluatedStack, dynamodb: DynamodbService): void {
  const consumed = stack
    .resources('aws_lambda_event_source_mapping')
    .map((mapping) => mapping.text('event_source_arn'));
  for (const table of stack.resources('aws_dynamodb_table')) {
    const watched = table.flag('stream_enabled', false) && consumed.includes(table.text('stream_arn'));
    const keyNames = keySchema(table).map(({ AttributeName }) => AttributeName);
    dynamodb.define(table.text('name'), keyNames, watched);
  }
}

async function provisionTables({ stack }: ProvisionOptions, client: DynamoDBClient): Promise<void> {
  await Promise.all(stack.resources('aws_dynamodb_table').map((table) => client.send(createTable(table))));
  for (const item of stack.resources('aws_dynamodb_table_item')) {
    const Item = JSON.parse(item.text('item')) as Record<string, AttributeValue>;
    await client.send(new PutItemCommand({ TableName: item.text('table_name'), Item }));
  }
  client.destroy();
}

function createTable(table: Resource): CreateTableCommand {
  const indexes = (blockName: string) =>
    table.blocks(blockName).map((index) => ({
      IndexName: String(index.name),
      KeySchema: keys(index.hash_key ?? table.get('hash_key'), index.range_key),
      Projection: {
        ProjectionType: index.projection_type as 'ALL',
        ...(index.non_key_attributes ? { NonKeyAttributes: index.non_key_attributes as string[] } : {}),
      },
    }));
  const global = indexes('global_secondary_index');
  const local = indexes('local_secondary_index');
  return new CreateTableCommand({
    TableName: table.text('name'),
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: table.blocks('attribute').map(({ name, type }) => ({
      AttributeName: String(name),
      AttributeType: type as 'S' | 'N' | 'B',
    })),
    KeySchema: keySchema(table),
    ...(global.length > 0 ? { GlobalSecondaryIndexes: global } : {}),
    ...(local.length > 0 ? { LocalSecondaryIndexes: local } : {}),
  });
}

function keySchema(table: Resource) {
  return keys(table.get('hash_key'), table.has('range_key') ? table.get('range_key') : undefined);
}

function keys(hashKey: unknown, rangeKey: unknown) {
  const hash = { AttributeName: String(hashKey), KeyType: 'HASH' as const };
  return rangeKey ? [hash, { AttributeName: String(rangeKey), KeyType: 'RANGE' as const }] : [hash];
}

/** Arguments of the Terraform resource, and the queue attributes they set. */
const QUEUE_ATTRIBUTES: Record<string, string> = {
  content_based_deduplication: 'ContentBasedDeduplication',
  delay_seconds: 'DelaySeconds',
  fifo_queue: 'FifoQueue',
  max_message_size: 'MaximumMessageSize',
  message_retention_seconds: 'MessageRetentionPeriod',
  receive_wait_time_seconds: 'ReceiveMessageWaitTimeSeconds',
  redrive_policy: 'RedrivePolicy',
  visibility_timeout_seconds: 'VisibilityTimeout',
};

async function provisionQueues({ stack }: ProvisionOptions, client: SQSClient): Promise<void> {
  const create = async (queue: Resource) => {
    const set = Object.entries(QUEUE_ATTRIBUTES).filter(([argument]) => queue.has(argument));
    const attributes = set.map(([argument, attribute]) => [attribute, String(queue.get(argument))]);
    await client.send(
      new CreateQueueCommand({ QueueName: queue.text('name'), Attributes: Object.fromEntries(attributes) }),
    );
  };
  // A dead-letter queue must exist before a queue can name it.
  const queues = stack.resources('aws_sqs_queue');
  await Promise.all(queues.filter((queue) => !queue.has('redrive_policy')).map(create));
  await Promise.all(queues.filter((queue) => queue.has('redrive_policy')).map(create));
  client.destroy();
}

async function provisionBuckets({ stack, s3 }: ProvisionOptions, client: S3Client): Promise<void> {
  const { region } = stack.platform;
  const create = (Bucket: string) => client.send(new CreateBucketCommand({ Bucket, ...locatedIn(region) }));
  for (const bucket of stack.resources('aws_s3_bucket')) await create(bucket.text('bucket'));
  for (const versioning of stack.resources('aws_s3_bucket_versioning')) {
    if (versioning.blocks('versioning_configuration')[0]?.status !== 'Enabled') continue;
    const bucket = versioning.text('bucket');
    await create(S3Service.versionsBucket(bucket));
    s3.keepVersions(bucket);
  }
  client.destroy();
}

async function provisionTopics({ stack }: ProvisionOptions, client: SNSClient): Promise<void> {
  for (const topic of stack.resources('aws_sns_topic')) {
    await client.send(new CreateTopicCommand({ Name: topic.text('name') }));
  }
  client.destroy();
}

/** Outside us-east-1, S3 wants to be told the Region of a new bucket. */
function locatedIn(region: string): { CreateBucketConfiguration?: CreateBucketConfiguration } {
  if (region === 'us-east-1') return {};
  return { CreateBucketConfiguration: { LocationConstraint: region as BucketLocationConstraint } };
}
