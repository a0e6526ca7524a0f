/** All that operators' questions are answered from, on AWS. */
import { dynamoBacklog } from '../../aws/dynamodb/indexes.ts';
import { dynamoLanes } from '../../aws/dynamodb/lane-ports.ts';
import { dynamoRecords } from '../../aws/dynamodb/records.ts';
import { dynamoReportRows } from '../../aws/dynamodb/report-rows.ts';
import type { Stack } from './operator-command.ts';

export type Operations = Awaited<ReturnType<typeof operations>>;

export async function operations({ dynamo, names }: Stack) {
  const requests = await names('requests_table_name');
  return {
    ...dynamoLanes(dynamo, await names('lanes_table_name')),
    backlog: dynamoBacklog(dynamo, requests),
    records: dynamoRecords(dynamo, requests),
    rows: dynamoReportRows(dynamo, await names('reporting_table_name')),
  };
}
