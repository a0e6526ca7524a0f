import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { dynamoClient, PATIENT_ATTEMPTS, s3Client, sqsClient } from '../src/aws/clients.ts';
import { readEnvironment } from '../src/aws/environment.ts';
import { ingestionOptions, ingestionPorts } from '../src/aws/ingestion.ts';
import { failuresOf, incomingOf, recordsOf } from '../src/aws/lambda-events.ts';
import { s3Inbox } from '../src/aws/s3.ts';
import { sqsResults } from '../src/aws/sqs.ts';
import { Ingestion } from '../src/core/ingestion/ingestion.ts';
import { ENVIRONMENTS, GIVEN_BY_LAMBDA } from '../src/core/layout/environment.ts';

const environment = readEnvironment(
  { ...ENVIRONMENTS['request-ingestion'], ...GIVEN_BY_LAMBDA },
  process.env,
);
const dynamo = dynamoClient({ maxAttempts: PATIENT_ATTEMPTS });
const s3 = s3Client(process.env, { maxAttempts: PATIENT_ATTEMPTS });

const ingestion = new Ingestion(
  {
    ...ingestionPorts(environment, { dynamo, s3 }),
    inbox: s3Inbox(s3, environment.CALLS_BUCKET),
    results: sqsResults(sqsClient(), environment.RESULTS_QUEUE_URL),
  },
  ingestionOptions(environment),
);

/** Takes requests off the Input queue. */
export async function handler(event: SQSEvent): Promise<SQSBatchResponse> {
  return failuresOf(await ingestion.ingest(recordsOf(event, 'the Input queue').map(incomingOf)));
}
