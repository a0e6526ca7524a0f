import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import {
  continuingSqsClient,
  dynamoClient,
  PATIENT_ATTEMPTS,
  s3Client,
  snsClient,
} from '../src/aws/clients.ts';
import { dynamoBatches } from '../src/aws/dynamodb/batches.ts';
import { dynamoRecordLookup } from '../src/aws/dynamodb/record-lookup.ts';
import { readEnvironment } from '../src/aws/environment.ts';
import { ingestionOptions, ingestionPorts } from '../src/aws/ingestion.ts';
import { failuresOf, incomingOf, recordsOf } from '../src/aws/lambda-events.ts';
import { s3BatchFiles } from '../src/aws/s3-batch-files.ts';
import { snsBatchTopic } from '../src/aws/sns.ts';
import { sqsBatchQueue } from '../src/aws/sqs.ts';
import { BatchRunner } from '../src/core/batch/batch-runner.ts';
import { NO_INBOX, NO_RESULTS } from '../src/core/batch/no-messages.ts';
import { Ingestion } from '../src/core/ingestion/ingestion.ts';
import { ENVIRONMENTS, GIVEN_BY_LAMBDA } from '../src/core/layout/environment.ts';

const environment = readEnvironment({ ...ENVIRONMENTS.batch, ...GIVEN_BY_LAMBDA }, process.env);
const dynamo = dynamoClient({ maxAttempts: PATIENT_ATTEMPTS });
const s3 = s3Client(process.env, {
  maxAttempts: PATIENT_ATTEMPTS,
  requestChecksumCalculation: 'WHEN_REQUIRED',
});
const options = ingestionOptions(environment);
const ports = { ...ingestionPorts(environment, { dynamo, s3 }), inbox: NO_INBOX, results: NO_RESULTS };
const ingestion = new Ingestion(ports, options);

const batches = new BatchRunner(
  {
    ...ports,
    ingest: (messages) => ingestion.ingest(messages),
    batches: dynamoBatches(dynamo, environment.BATCHES_TABLE),
    files: s3BatchFiles(s3, environment.CALLS_BUCKET),
    lookup: dynamoRecordLookup(dynamo, environment.REQUESTS_TABLE),
    queue: sqsBatchQueue(continuingSqsClient(), environment.BATCHES_QUEUE_URL),
    topic: snsBatchTopic(snsClient(), environment.BATCHES_TOPIC_ARN),
  },
  options,
);

/** Takes batch files in, and answers them. */
export async function handler(event: SQSEvent): Promise<SQSBatchResponse> {
  return failuresOf(await batches.handle(recordsOf(event, 'the batches queue').map(incomingOf)));
}
