import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { DUE_SHARDS, dueShardKey } from '../../core/request/keys.ts';
import type { Backlog, BacklogEntry, Due, DueEntry } from '../../core/request/ports.ts';
import { queryItems } from './query.ts';

/** The `backlog` index of the Requests table. */
export function dynamoBacklog(client: DynamoDBClient, table: string): Backlog {
  return {
    async heads(backlogKey, limit) {
      const items = await queryItems(client, {
        table,
        IndexName: 'backlog',
        where: '#backlog_key = :key',
        values: { key: backlogKey },
        limit,
      });
      return items.map((item) => unmarshall(item) as BacklogEntry);
    },
  };
}

/** The `due` index of the Requests table: a lane's shards, merged. */
export function dynamoDue(client: DynamoDBClient, table: string): Due {
  return {
    async due(lane, now, limit) {
      const shards = Array.from({ length: DUE_SHARDS }, (_, shard) =>
        queryItems(client, {
          table,
          IndexName: 'due',
          where: '#due_key = :key AND #due_at <= :now',
          values: { key: dueShardKey(lane, shard), now },
          limit,
        }),
      );
      const items = (await Promise.all(shards)).flat();
      return items
        .map((item) => {
          const { request_id, status, generation, due_at } = unmarshall(item) as DueEntry;
          return { request_id, status, generation, due_at };
        })
        .sort((a, b) => a.due_at - b.due_at)
        .slice(0, limit);
    },
  };
}
