import { dynamoClient } from '../src/aws/clients.ts';
import type { Item } from '../src/aws/dynamodb/expressions.ts';
import { recordOf } from '../src/aws/dynamodb/record-item.ts';
import { dynamoReportRows } from '../src/aws/dynamodb/report-rows.ts';
import { readEnvironment } from '../src/aws/environment.ts';
import { ENVIRONMENTS } from '../src/core/layout/environment.ts';
import { consoleLog } from '../src/core/log.ts';
import { reportBatch } from '../src/core/reporting/batch.ts';

const { REPORTING_TABLE } = readEnvironment(ENVIRONMENTS.reporting, process.env);
const rows = dynamoReportRows(dynamoClient(), REPORTING_TABLE);

interface StreamEvent {
  Records: { dynamodb: { SequenceNumber: string; NewImage?: Item } }[];
}

/** Counts what changed in the Requests table. */
export async function handler({ Records }: StreamEvent) {
  const batch = Records.map(({ dynamodb: { SequenceNumber, NewImage } }) => ({
    sequenceNumber: SequenceNumber,
    read: NewImage && (() => recordOf(NewImage)),
  }));
  const failed = await reportBatch(rows, batch, consoleLog);
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
}
