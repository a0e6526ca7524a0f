/** What operators' commands do with records on AWS. */
import { DeleteItemCommand, type DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';
import type { ChangedRecords, FailedRequests } from '../../core/operations/ports.ts';
import { isRequest, type StoredRecord } from '../../core/request/record.ts';
import { itemOf, namesIn, unlessRefused, valuesOf } from './expressions.ts';
import { recordOf } from './record-item.ts';
import { dynamoRecords } from './records.ts';

export function dynamoFailedRequests(client: DynamoDBClient, table: string): FailedRequests {
  return {
    read: dynamoRecords(client, table).read,

    async *list() {
      const failed = scan(client, table, '#status = :status', { status: 'FAILED' });
      for await (const record of failed) if (isRequest(record)) yield record;
    },

    async delete(requestId) {
      const condition = '#status = :status AND attribute_not_exists(#due_key)';
      const deleted = await unlessRefused(
        client.send(
          new DeleteItemCommand({
            TableName: table,
            Key: itemOf({ request_id: requestId }),
            ConditionExpression: condition,
            ExpressionAttributeNames: namesIn(condition),
            ExpressionAttributeValues: valuesOf({ status: 'FAILED' }),
          }),
        ),
      );
      return deleted !== undefined;
    },
  };
}

export function dynamoChangedRecords(client: DynamoDBClient, table: string): ChangedRecords {
  return {
    changed(interval) {
      const filter = '#accepted_at BETWEEN :from AND :to OR #finished_at BETWEEN :from AND :to';
      return scan(client, table, filter, { ...interval });
    },
  };
}

async function* scan(
  client: DynamoDBClient,
  table: string,
  filter: string,
  values: Record<string, unknown>,
): AsyncGenerator<StoredRecord> {
  const pages = paginateScan(
    { client },
    {
      TableName: table,
      FilterExpression: filter,
      ExpressionAttributeNames: namesIn(filter),
      ExpressionAttributeValues: valuesOf(values),
    },
  );
  for await (const { Items = [] } of pages) yield* Items.map(recordOf);
}
