import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { checked, type TypesOf } from '../../core/request/checked.ts';
import { DUE_SHARDS, dueShardKey } from '../../core/request/keys.ts';
import type { Backlog, BacklogEntry, Due, DueEntry } from '../../core/request/ports.ts';
import { type Query, queryItems } from './query.ts';

const BACKLOG_ENTRY: TypesOf<BacklogEntry> = {
  request_id: 'string',
  generation: 'number',
  backlog_key: 'string',
  backlog_order: 'number',
  lane: 'string',
  model_id: 'string',
  priority: 'number',
  tenant: 'string',
  accepted_at: 'number',
  deadline_at: 'number',
  input_tokens: 'number',
  input_bytes: 'number',
  failures: 'number',
};

const DUE_ENTRY: TypesOf<DueEntry> = {
  request_id: 'string',
  status: 'string',
  generation: 'number',
  due_at: 'number',
};

/** The `backlog` index of the Requests table. */
export function dynamoBacklog(client: DynamoDBClient, table: string): Backlog {
  const entries = async (query: Pick<Query, 'where' | 'values' | 'limit'>) => {
    const items = await queryItems(client, { table, IndexName: 'backlog', ...query });
    return items.map((item) => checked<BacklogEntry>('backlog entry', unmarshall(item), BACKLOG_ENTRY));
  };
  return {
    heads: (key, limit) => entries({ where: '#backlog_key = :key', values: { key }, limit }),
    since: (key, order, limit) =>
      entries({ where: '#backlog_key = :key AND #backlog_order > :order', values: { key, order }, limit }),
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
          const entry = checked<DueEntry>('due entry', unmarshall(item), DUE_ENTRY);
          const { request_id, status, generation, due_at } = entry;
          return { request_id, status, generation, due_at };
        })
        .sort((a, b) => a.due_at - b.due_at)
        .slice(0, limit);
    },
  };
}
