import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CreateTableCommand, DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, ListBucketsCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateQueueCommand, ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, expect, it } from 'vitest';
import { deprovision } from '../../src/local/deprovision.ts';
import { startEmulators } from '../../src/local/emulators.ts';
import { BackendUnavailableError, connectBackend } from '../../src/local/external-backend.ts';
import { EvaluatedStack } from '../../src/local/terraform/stack.ts';

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
});

async function serve(answer: string): Promise<string> {
  const server: Server = createServer((_request, response) => response.end(answer)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanup.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

it('a backend speaks for the account that it says', async () => {
  const url = await serve(
    '<GetCallerIdentityResult><Account>123456789012</Account></GetCallerIdentityResult>',
  );
  const backend = await connectBackend(url);
  expect(backend).toMatchObject({ accountId: '123456789012', dynamodbUrl: url, sqsUrl: url, s3Url: url });
});

it('what is no emulator, or not there, is said', async () => {
  const other = await serve('Welcome');
  await expect(connectBackend(other)).rejects.toThrow(`No AWS emulator can be used at ${other}: STS`);
  await expect(connectBackend('http://127.0.0.1:1')).rejects.toThrow(BackendUnavailableError);
});

it('a backend that lasts is left as it was found, also when not everything had been created', async () => {
  const emulators = await startEmulators();
  cleanup.push(() => emulators.stop());
  const config = {
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  };
  const dynamodb = new DynamoDBClient({ ...config, endpoint: emulators.dynamodbUrl });
  const sqs = new SQSClient({ ...config, endpoint: emulators.sqsUrl });
  const s3 = new S3Client({ ...config, endpoint: emulators.s3Url, forcePathStyle: true });
  cleanup.push(() => [dynamodb, sqs, s3].map((client) => client.destroy()));
  await createAll({ dynamodb, sqs, s3 }, ['ours', 'theirs']);
  await s3.send(new PutObjectCommand({ Bucket: 'ours', Key: 'payloads/a', Body: 'a' }));

  const named = (attribute: string) => ({
    one: { [attribute]: 'ours' },
    missing: { [attribute]: 'never-created' },
  });
  const stack = new EvaluatedStack({
    stack: {
      resource: {
        aws_dynamodb_table: named('name'),
        aws_sqs_queue: named('name'),
        aws_s3_bucket: named('bucket'),
      },
    },
    assetsFolder: '/assets',
    variables: {},
    accountId: emulators.accountId,
    endpoint: emulators.sqsUrl,
  });
  await deprovision(stack, emulators);

  const [tables, queues, buckets] = await Promise.all([
    dynamodb.send(new ListTablesCommand({})),
    sqs.send(new ListQueuesCommand({})),
    s3.send(new ListBucketsCommand({})),
  ]);
  expect(tables.TableNames).toEqual(['theirs']);
  expect(queues.QueueUrls?.map((url) => url.split('/').at(-1))).toEqual(['theirs']);
  expect(buckets.Buckets?.map(({ Name }) => Name)).toEqual(['theirs']);
});

interface Clients {
  dynamodb: DynamoDBClient;
  sqs: SQSClient;
  s3: S3Client;
}

/** A table, a queue and a bucket of each name. */
async function createAll({ dynamodb, sqs, s3 }: Clients, names: string[]): Promise<void> {
  for (const name of names) {
    await dynamodb.send(
      new CreateTableCommand({
        TableName: name,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      }),
    );
    await sqs.send(new CreateQueueCommand({ QueueName: name }));
    await s3.send(new CreateBucketCommand({ Bucket: name }));
  }
}
