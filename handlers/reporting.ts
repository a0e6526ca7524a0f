import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { dynamoClient, PATIENT_ATTEMPTS } from '../src/aws/clients.ts';
import { dynamoReportRows } from '../src/aws/dynamodb/report-rows.ts';
import { readEnvironment } from '../src/aws/environment.ts';
import { failuresOf, recordsOf, streamChangeOf } from '../src/aws/lambda-events.ts';
import { ENVIRONMENTS } from '../src/core/layout/environment.ts';
import { stdoutLog } from '../src/core/log.ts';
import { reportBatch } from '../src/core/reporting/batch.ts';
import { rememberFullRows } from '../src/core/reporting/full-rows.ts';

const { REPORTING_TABLE } = readEnvironment(ENVIRONMENTS.reporting, process.env);
const client = dynamoClient({ maxAttempts: PATIENT_ATTEMPTS });
const rows = rememberFullRows(dynamoReportRows(client, REPORTING_TABLE));

/** Counts what changed in the Requests table. */
export async function handler(event: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse> {
  const changes = recordsOf(event, 'the stream of the Requests table').map(streamChangeOf);
  return failuresOf(await reportBatch(rows, changes, stdoutLog));
}
