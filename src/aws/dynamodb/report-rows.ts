import { type DynamoDBClient, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { ReportRows } from '../../core/reporting/ports.ts';
import { attributesOfKey, expiryOf, FULL_ROW, keyOf, reportIdOf } from '../../core/reporting/rows.ts';
import { itemOf, unlessRefused } from './expressions.ts';
import { queryItems } from './query.ts';

/** The Reporting table. Counters are attributes of their own; the counted changes are the set `counted`. */
export function dynamoReportRows(client: DynamoDBClient, table: string): ReportRows {
  return {
    async add(key, { counters, changes }) {
      const added = Object.entries(counters);
      const update = new UpdateItemCommand({
        TableName: table,
        Key: itemOf(attributesOfKey(key)),
        UpdateExpression: `SET #expires = :expires ADD #counted :changes, ${added.map((_, i) => `#${i} :${i}`).join(', ')}`,
        ConditionExpression: [
          '(attribute_not_exists(#counted) OR size(#counted) < :full)',
          ...changes.map((_, i) => `NOT contains(#counted, :c${i})`),
        ].join(' AND '),
        ExpressionAttributeNames: {
          '#expires': 'expires_at',
          '#counted': 'counted',
          ...Object.fromEntries(added.map(([name], i) => [`#${i}`, name])),
        },
        ExpressionAttributeValues: itemOf({
          ':expires': expiryOf(key),
          ':changes': new Set(changes),
          ':full': FULL_ROW,
          ...Object.fromEntries(changes.map((change, i) => [`:c${i}`, change])),
          ...Object.fromEntries(added.map(([, count], i) => [`:${i}`, count])),
        }),
      });
      return (await unlessRefused(client.send(update))) !== undefined;
    },

    async counted(key) {
      const { Item } = await client.send(
        new GetItemCommand({
          TableName: table,
          Key: itemOf(attributesOfKey(key)),
          ConsistentRead: true,
          ProjectionExpression: 'counted',
        }),
      );
      return new Set(Item?.counted?.SS);
    },

    async rows(lane, minute, part) {
      const items = await queryItems(client, {
        table,
        where: '#report_id = :id',
        values: { id: reportIdOf(lane, minute, part) },
      });
      return items.map((item) => {
        const { report_id, row, expires_at: _expires, counted, ...counters } = unmarshall(item);
        const isFull = counted?.size >= FULL_ROW;
        return { key: keyOf(report_id, row), counters, ...(isFull && { isFull }) };
      });
    },
  };
}
