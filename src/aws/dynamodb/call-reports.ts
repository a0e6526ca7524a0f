import { type DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { SLOT_MS } from '../../core/lane/call-report.ts';
import { type Counters, sumsBySlot } from '../../core/lane/counters.ts';
import { ANY_PARTITION, type CallReports } from '../../core/lane/ports.ts';
import { itemOf } from './expressions.ts';
import { reportPartition, reportPartitions, slotItem } from './lane-keys.ts';
import { queryItems } from './query.ts';

/** Reports are read for as long as a release may be out, and a little longer. */
const RETENTION_SECONDS = 600;

/** Sums by slot of releases, in the lanes table, spread over a few partitions and merged when read. */
export function dynamoCallReports(client: DynamoDBClient, table: string): CallReports {
  return {
    async add(lane, slot, counters, partition) {
      // A counter's name may hold any character (a task's label): numbered placeholders stand for names.
      const added = Object.entries(counters);
      await client.send(
        new UpdateItemCommand({
          TableName: table,
          Key: itemOf({ lane: reportPartition(lane, partition), item: slotItem(slot) }),
          UpdateExpression: `SET #expires = :expires ADD ${added.map((_, i) => `#${i} :${i}`).join(', ')}`,
          ExpressionAttributeNames: {
            '#expires': 'expires_at',
            ...Object.fromEntries(added.map(([name], i) => [`#${i}`, name])),
          },
          ExpressionAttributeValues: itemOf({
            ':expires': Math.ceil((slot * SLOT_MS) / 1000) + RETENTION_SECONDS,
            ...Object.fromEntries(added.map(([, value], i) => [`:${i}`, value])),
          }),
        }),
      );
    },

    // Consistent: a sum that was read never goes back.
    async since(lane, fromSlot, partition) {
      const partitions =
        partition === ANY_PARTITION ? reportPartitions(lane) : [reportPartition(lane, partition)];
      const found = partitions.map((key) =>
        queryItems(client, {
          table,
          ConsistentRead: true,
          where: '#lane = :lane AND #item >= :from',
          values: { lane: key, from: slotItem(Math.max(0, fromSlot)) },
        }),
      );
      const sums = (await Promise.all(found)).flat().map((it): [number, Counters] => {
        const { lane: _lane, item, expires_at: _expires, ...counters } = unmarshall(it);
        return [Number(item), counters];
      });
      return sumsBySlot(sums);
    },
  };
}
