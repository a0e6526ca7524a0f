import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  CreateBucketCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { vi } from 'vitest';
import { dynamoClient, s3Client } from '../../src/aws/clients.ts';
import { dynamoBudgets } from '../../src/aws/dynamodb/budgets.ts';
import { dynamoBundleLeases } from '../../src/aws/dynamodb/bundle-leases.ts';
import { dynamoBundleOffers } from '../../src/aws/dynamodb/bundle-offers.ts';
import { dynamoCallReports } from '../../src/aws/dynamodb/call-reports.ts';
import { dynamoDirectory, dynamoRegistry } from '../../src/aws/dynamodb/directory.ts';
import { dynamoBacklog, dynamoDue } from '../../src/aws/dynamodb/indexes.ts';
import { dynamoLeadership, dynamoWatch } from '../../src/aws/dynamodb/lane-states.ts';
import { dynamoRecords } from '../../src/aws/dynamodb/records.ts';
import { dynamoSettings } from '../../src/aws/dynamodb/settings.ts';
import { keptPayloads } from '../../src/aws/payloads.ts';
import { s3Inbox } from '../../src/aws/s3.ts';
import { sqsHoldQueue, sqsResults } from '../../src/aws/sqs.ts';
import { TABLES } from '../../src/core/layout/tables.ts';
import { createTable } from '../../src/lab/tables.ts';
import { startEmulators } from '../../src/local/emulators.ts';
import type { Backend, Disagreement } from './backend.ts';

/** Names of this run's resources: an external emulator may hold those of others. */
const RUN = `contract-${process.pid}-${Date.now()}`;
export const REQUESTS = `${RUN}-requests`;
export const LANES = `${RUN}-lanes`;
const BUCKET = RUN;

/** The environment that a function finds itself in, at these endpoints. */
export function useEndpoints(dynamodb: string, others: string): void {
  const environment = {
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'contract',
    AWS_SECRET_ACCESS_KEY: 'contract',
    AWS_ENDPOINT_URL: others,
    AWS_ENDPOINT_URL_DYNAMODB: dynamodb,
  };
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
}

/** The adapters on the emulators that `npm start` uses, in this process. */
export async function startEmbedded(): Promise<Backend> {
  const emulators = await startEmulators();
  useEndpoints(emulators.dynamodbUrl, emulators.fauxqsUrl);
  return createBackend(() => emulators.stop(), {
    'object versions': 'fauxqs keeps no versions of objects; the local cloud adds them in front of it',
  });
}

/** The adapters on an emulator that runs elsewhere, such as moto. */
export async function startExternal(endpoint: string): Promise<Backend> {
  useEndpoints(endpoint, endpoint);
  return createBackend(async () => {}, {
    'concurrent writes': 'moto checks a condition and writes in two steps, on a thread for each call',
  });
}

async function createBackend(
  stopEmulators: () => Promise<void>,
  disagreements: Partial<Record<Disagreement, string>>,
): Promise<Backend> {
  const dynamo = dynamoClient();
  // An emulator's queue URL may name a host that nothing resolves.
  const sqs = new SQSClient({ useQueueUrlAsEndpoint: false });
  const s3 = s3Client(process.env);
  const payloadStores = { dynamo, table: REQUESTS, s3, bucket: BUCKET };
  await createTables(dynamo);
  await createBucket(s3, !disagreements['object versions']);
  const [results, held] = await Promise.all(['results', 'hold'].map((name) => createQueue(sqs, name)));
  if (!results || !held) throw new Error('The queues were not created');

  return {
    ports: {
      records: dynamoRecords(dynamo, REQUESTS),
      backlog: dynamoBacklog(dynamo, REQUESTS),
      due: dynamoDue(dynamo, REQUESTS),
      payloads: keptPayloads(payloadStores, 14),
      inbox: s3Inbox(s3, BUCKET),
      results: sqsResults(sqs, results),
      hold: sqsHoldQueue(sqs, held),
      directory: dynamoDirectory(dynamo, LANES),
      registry: dynamoRegistry(dynamo, LANES),
      watch: dynamoWatch(dynamo, LANES),
      leadership: dynamoLeadership(dynamo, LANES),
      reports: dynamoCallReports(dynamo, LANES),
      settings: dynamoSettings(dynamo, LANES),
      budgets: dynamoBudgets(dynamo, LANES),
      leases: dynamoBundleLeases(dynamo, LANES),
      offers: dynamoBundleOffers(dynamo, LANES),
    },
    disagreements,
    async leave(key, body) {
      const put = new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: body });
      const { VersionId: version_id } = await s3.send(put);
      return { version_id };
    },
    takeResults: () => takeAll(sqs, results),
    takeHeld: () => takeAll(sqs, held),
    async stop() {
      for (const client of [dynamo, sqs, s3]) client.destroy();
      await stopEmulators();
      vi.unstubAllEnvs();
    },
  };
}

/** The tables as the stack defines them. */
export async function createTables(client: DynamoDBClient): Promise<void> {
  await createTable(client, REQUESTS, TABLES.requests);
  await createTable(client, LANES, TABLES.lanes);
}

async function createBucket(client: S3Client, versioned: boolean): Promise<void> {
  await client.send(
    new CreateBucketCommand({
      Bucket: BUCKET,
      CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' },
    }),
  );
  if (!versioned) return;
  await client.send(
    new PutBucketVersioningCommand({ Bucket: BUCKET, VersioningConfiguration: { Status: 'Enabled' } }),
  );
}

async function createQueue(client: SQSClient, name: string): Promise<string | undefined> {
  const { QueueUrl } = await client.send(
    new CreateQueueCommand({ QueueName: `${RUN}-${name}`, Attributes: { MaximumMessageSize: '1048576' } }),
  );
  return QueueUrl;
}

async function takeAll<T>(client: SQSClient, queueUrl: string): Promise<T[]> {
  const taken: T[] = [];
  for (;;) {
    const { Messages = [] } = await client.send(
      new ReceiveMessageCommand({ QueueUrl: queueUrl, MaxNumberOfMessages: 10 }),
    );
    if (Messages.length === 0) return taken;
    for (const { Body = '', ReceiptHandle } of Messages) {
      taken.push(JSON.parse(Body));
      await client.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle }));
    }
  }
}
