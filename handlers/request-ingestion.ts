import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { bedrockClient } from '../src/aws/bedrock/runtime.ts';
import { bedrockTokenCounter } from '../src/aws/bedrock/token-counter.ts';
import { dynamoClient, lambdaClient, PATIENT_ATTEMPTS, s3Client, sqsClient } from '../src/aws/clients.ts';
import { dynamoDirectory, dynamoRegistry } from '../src/aws/dynamodb/directory.ts';
import { dynamoWatch } from '../src/aws/dynamodb/lane-states.ts';
import { dynamoRecords } from '../src/aws/dynamodb/records.ts';
import { dynamoSettings } from '../src/aws/dynamodb/settings.ts';
import { readEnvironment } from '../src/aws/environment.ts';
import { lambdaWaker } from '../src/aws/lambda.ts';
import { failuresOf, incomingOf, recordsOf } from '../src/aws/lambda-events.ts';
import { s3Inbox, s3Payloads } from '../src/aws/s3.ts';
import { sqsResults } from '../src/aws/sqs.ts';
import { systemClock } from '../src/core/clock.ts';
import { Ingestion } from '../src/core/ingestion/ingestion.ts';
import { ENVIRONMENTS, GIVEN_BY_LAMBDA } from '../src/core/layout/environment.ts';
import { consoleLog } from '../src/core/log.ts';
import { longestWaitSeconds } from '../src/core/request/times.ts';

const environment = readEnvironment(
  { ...ENVIRONMENTS['request-ingestion'], ...GIVEN_BY_LAMBDA },
  process.env,
);
const dynamo = dynamoClient({ maxAttempts: PATIENT_ATTEMPTS });
const s3 = s3Client(process.env, { maxAttempts: PATIENT_ATTEMPTS });

const ingestion = new Ingestion(
  {
    records: dynamoRecords(dynamo, environment.REQUESTS_TABLE),
    payloads: s3Payloads(s3, environment.CALLS_BUCKET),
    counter: environment.COUNT_TOKENS ? bedrockTokenCounter(bedrockClient()) : undefined,
    settings: dynamoSettings(dynamo, environment.LANES_TABLE),
    inbox: s3Inbox(s3, environment.CALLS_BUCKET),
    results: sqsResults(sqsClient(), environment.RESULTS_QUEUE_URL),
    directory: dynamoDirectory(dynamo, environment.LANES_TABLE),
    registry: dynamoRegistry(dynamo, environment.LANES_TABLE),
    watch: dynamoWatch(dynamo, environment.LANES_TABLE),
    waker: lambdaWaker(lambdaClient(), environment.PRIORITIZATION_FUNCTION),
    clock: systemClock,
    random: Math.random,
    log: consoleLog,
  },
  {
    bucket: environment.CALLS_BUCKET,
    home: { accountId: environment.ACCOUNT_ID, region: environment.AWS_REGION },
    longestWaitSeconds: longestWaitSeconds(environment.PAYLOAD_RETENTION_DAYS),
  },
);

/** Takes requests off the Input queue. */
export async function handler(event: SQSEvent): Promise<SQSBatchResponse> {
  return failuresOf(await ingestion.ingest(recordsOf(event, 'the Input queue').map(incomingOf)));
}
