import { type DynamoDBClient, paginateQuery, type QueryCommandInput } from '@aws-sdk/client-dynamodb';
import { type Item, namesIn, valuesOf } from './expressions.ts';

export interface Query extends Pick<QueryCommandInput, 'IndexName' | 'ConsistentRead'> {
  table: string;
  /** Key condition, with `#name` and `:value`. */
  where: string;
  values: Record<string, unknown>;
  /** All that match, unless given. */
  limit?: number;
}

/** The items that match, in the order of their sort key, over as many pages as it takes. */
export async function queryItems(
  client: DynamoDBClient,
  { table, where, values, limit = Number.POSITIVE_INFINITY, ...input }: Query,
): Promise<Item[]> {
  const items: Item[] = [];
  const pages = paginateQuery(
    { client },
    {
      ...input,
      TableName: table,
      KeyConditionExpression: where,
      ExpressionAttributeNames: namesIn(where),
      ExpressionAttributeValues: valuesOf(values),
      Limit: Number.isFinite(limit) ? limit : undefined,
    },
  );
  for await (const { Items = [] } of pages) {
    items.push(...Items);
    if (items.length >= limit) break;
  }
  return items.slice(0, limit);
}
