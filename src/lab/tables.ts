import { CreateTableCommand, type DynamoDBClient, type KeySchemaElement } from '@aws-sdk/client-dynamodb';
import { type Key, keysOf, type Table } from '../core/layout/tables.ts';

/** Creates a table of the stack under another name, for experiments and tests that need no stack. */
export async function createTable(client: DynamoDBClient, name: string, table: Table): Promise<void> {
  const indexes = Object.entries(table.indexes).map(([index, { partition, sort, attributes }]) => ({
    IndexName: index,
    KeySchema: keySchema(partition, sort),
    Projection: { ProjectionType: 'INCLUDE' as const, NonKeyAttributes: [...attributes] },
  }));
  await client.send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: keysOf(table).map((key) => ({
        AttributeName: key.name,
        AttributeType: key.type,
      })),
      KeySchema: keySchema(table.partition, table.sort),
      GlobalSecondaryIndexes: indexes.length > 0 ? indexes : undefined,
    }),
  );
}

function keySchema(partition: Key, sort?: Key): KeySchemaElement[] {
  const hash = { AttributeName: partition.name, KeyType: 'HASH' as const };
  return sort === undefined ? [hash] : [hash, { AttributeName: sort.name, KeyType: 'RANGE' }];
}
