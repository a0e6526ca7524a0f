import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { dynamoRegistry } from '../../aws/dynamodb/directory.ts';
import { dynamoReportRows } from '../../aws/dynamodb/report-rows.ts';
import type { ReportRow } from '../../core/reporting/ports.ts';
import { readRows } from '../../core/reporting/read.ts';
import { minuteOf } from '../../core/reporting/rows.ts';
import { REJECTIONS_LANE } from '../../core/request/keys.ts';
import type { Cloud } from './run.ts';

/** The rows that reporting has written from the minute of `from` until `to` (epoch milliseconds), those of rejections among them. */
export async function readReportRows(
  { endpoint, region, operator, outputs }: Pick<Cloud, 'endpoint' | 'region' | 'operator' | 'outputs'>,
  from: number,
  to: number,
): Promise<ReportRow[]> {
  const dynamo = new DynamoDBClient({ endpoint, region, credentials: operator });
  try {
    const registered = await dynamoRegistry(dynamo, String(outputs.lanes_table_name)).list();
    const lanes = [...registered.map(({ lane }) => lane), REJECTIONS_LANE];
    const rows = dynamoReportRows(dynamo, String(outputs.reporting_table_name));
    const first = Date.parse(minuteOf(from));
    return (await Promise.all(lanes.map((lane) => readRows(rows, lane, first, to)))).flat();
  } finally {
    dynamo.destroy();
  }
}
