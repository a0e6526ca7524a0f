import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { bedrockClient, bedrockRuntime } from '../src/aws/bedrock/runtime.ts';
import { dynamoClient, lambdaClient, s3Client, sqsClient } from '../src/aws/clients.ts';
import { dynamoBundleLeases } from '../src/aws/dynamodb/bundle-leases.ts';
import { dynamoBundleOffers } from '../src/aws/dynamodb/bundle-offers.ts';
import { dynamoCallReports } from '../src/aws/dynamodb/call-reports.ts';
import { dynamoDirectory } from '../src/aws/dynamodb/directory.ts';
import { dynamoWatch } from '../src/aws/dynamodb/lane-states.ts';
import { dynamoRecords } from '../src/aws/dynamodb/records.ts';
import { readEnvironment } from '../src/aws/environment.ts';
import { lambdaWaker } from '../src/aws/lambda.ts';
import { failuresOf, recordsOf } from '../src/aws/lambda-events.ts';
import { storedPayloads } from '../src/aws/payloads.ts';
import { sqsResults } from '../src/aws/sqs.ts';
import { systemClock } from '../src/core/clock.ts';
import { invokeBatch } from '../src/core/invocation/batch.ts';
import { ENVIRONMENTS } from '../src/core/layout/environment.ts';
import { stdoutLog } from '../src/core/log.ts';

const environment = readEnvironment(ENVIRONMENTS.invocation, process.env);
const dynamo = dynamoClient();
const { REQUESTS_TABLE: table, CALLS_BUCKET: bucket } = environment;
const ports = {
  records: dynamoRecords(dynamo, table),
  payloads: storedPayloads({ dynamo, table, s3: s3Client(process.env), bucket }),
  model: bedrockRuntime(bedrockClient()),
  results: sqsResults(sqsClient(), environment.RESULTS_QUEUE_URL),
  directory: dynamoDirectory(dynamo, environment.LANES_TABLE),
  watch: dynamoWatch(dynamo, environment.LANES_TABLE),
  waker: lambdaWaker(lambdaClient(), environment.PRIORITIZATION_FUNCTION),
  reports: dynamoCallReports(dynamo, environment.LANES_TABLE),
  leases: dynamoBundleLeases(dynamo, environment.LANES_TABLE),
  offers: dynamoBundleOffers(dynamo, environment.LANES_TABLE),
  clock: systemClock,
  log: stdoutLog,
  bucket,
  maxAttempts: environment.MAX_ATTEMPTS,
  sendsTenant: environment.TENANT_IN_REQUEST_METADATA,
};

const bundleMs = environment.INVOCATION_TIMEOUT_SECONDS * 1_000;

/** Calls Bedrock for each release in the batch's bundles. */
export async function handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  const remainingMs = () => context.getRemainingTimeInMillis();
  const memoryMegabytes = Number(context.memoryLimitInMB);
  return failuresOf(
    await invokeBatch(
      { ...ports, remainingMs, bundleMs, memoryMegabytes },
      recordsOf(event, 'the Hold Next Batch queue'),
    ),
  );
}
