/** What ingestion needs on AWS, whether requests come from the Input queue or from a batch file. */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { S3Client } from '@aws-sdk/client-s3';
import { systemClock } from '../core/clock.ts';
import type { IngestionOptions, IngestionPorts } from '../core/ingestion/ingestion.ts';
import type { GIVEN_BY_LAMBDA, INGESTING, Values } from '../core/layout/environment.ts';
import { stdoutLog } from '../core/log.ts';
import { longestWaitSeconds } from '../core/request/times.ts';
import { bedrockClient } from './bedrock/runtime.ts';
import { bedrockTokenCounter } from './bedrock/token-counter.ts';
import { lambdaClient } from './clients.ts';
import { dynamoDirectory, dynamoRegistry } from './dynamodb/directory.ts';
import { dynamoControl } from './dynamodb/lane-control.ts';
import { dynamoWatch } from './dynamodb/lane-states.ts';
import { dynamoRecords } from './dynamodb/records.ts';
import { dynamoSettings } from './dynamodb/settings.ts';
import { lambdaWaker } from './lambda.ts';
import { keptPayloads } from './payloads.ts';

type Environment = Values<typeof INGESTING & typeof GIVEN_BY_LAMBDA>;

export function ingestionPorts(
  environment: Environment,
  { dynamo, s3 }: { dynamo: DynamoDBClient; s3: S3Client },
): Omit<IngestionPorts, 'inbox' | 'results'> {
  const { REQUESTS_TABLE, LANES_TABLE, CALLS_BUCKET, PAYLOAD_RETENTION_DAYS } = environment;
  const { COUNT_TOKENS, PRIORITIZATION_FUNCTION } = environment;
  const stores = { dynamo, table: REQUESTS_TABLE, s3, bucket: CALLS_BUCKET };
  return {
    records: dynamoRecords(dynamo, REQUESTS_TABLE),
    payloads: keptPayloads(stores, PAYLOAD_RETENTION_DAYS),
    counter: COUNT_TOKENS ? bedrockTokenCounter(bedrockClient()) : undefined,
    settings: dynamoSettings(dynamo, LANES_TABLE),
    directory: dynamoDirectory(dynamo, LANES_TABLE),
    registry: dynamoRegistry(dynamo, LANES_TABLE),
    watch: dynamoWatch(dynamo, LANES_TABLE),
    control: dynamoControl(dynamo, LANES_TABLE),
    waker: lambdaWaker(lambdaClient(), PRIORITIZATION_FUNCTION),
    clock: systemClock,
    random: Math.random,
    log: stdoutLog,
  };
}

export function ingestionOptions(environment: Environment): IngestionOptions {
  return {
    bucket: environment.CALLS_BUCKET,
    home: { accountId: environment.ACCOUNT_ID, region: environment.AWS_REGION },
    longestWaitSeconds: longestWaitSeconds(environment.PAYLOAD_RETENTION_DAYS),
  };
}
