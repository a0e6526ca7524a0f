/** What is left in an emulator that should be empty, by its own account and not by that of the tool that emptied it. */
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';

export interface EmulatorUrls {
  dynamodbUrl: string;
  sqsUrl: string;
  s3Url: string;
}

/** Names of the tables, queues and buckets. */
export async function leftovers({ dynamodbUrl, sqsUrl, s3Url }: EmulatorUrls): Promise<string[]> {
  const config = { region: 'us-east-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } };
  const dynamodb = new DynamoDBClient({ ...config, endpoint: dynamodbUrl });
  const sqs = new SQSClient({ ...config, endpoint: sqsUrl });
  const s3 = new S3Client({ ...config, endpoint: s3Url, forcePathStyle: true });
  try {
    const [{ TableNames = [] }, { QueueUrls = [] }, { Buckets = [] }] = await Promise.all([
      dynamodb.send(new ListTablesCommand({})),
      sqs.send(new ListQueuesCommand({})),
      s3.send(new ListBucketsCommand({})),
    ]);
    return [
      ...TableNames.map((name) => `table ${name}`),
      ...QueueUrls.map((url) => `queue ${url.split('/').at(-1)}`),
      ...Buckets.map(({ Name }) => `bucket ${Name}`),
    ];
  } finally {
    for (const client of [dynamodb, sqs, s3]) client.destroy();
  }
}
