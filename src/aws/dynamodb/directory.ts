import { randomUUID } from 'node:crypto';
import { type DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { LaneRegistry, QueueDirectory } from '../../core/lane/ports.ts';
import { parseBacklogKey } from '../../core/request/keys.ts';
import { itemOf } from './expressions.ts';
import { LaneItems } from './lane-items.ts';
import { queuePartition, REGISTRY_PARTITION, shardsOf } from './lane-keys.ts';
import { queryItems } from './query.ts';

/** Announced backlog partitions, in the lanes table. */
export function dynamoDirectory(client: DynamoDBClient, table: string): QueueDirectory {
  const items = new LaneItems(client, table);
  const keyOf = (backlogKey: string) => ({
    lane: queuePartition(parseBacklogKey(backlogKey).lane, backlogKey),
    item: backlogKey,
  });

  return {
    async announce(backlogKey, now, about) {
      const item = {
        ...keyOf(backlogKey),
        announced_at: now,
        nonce: randomUUID(),
        request_id: about?.request_id,
        generation: about?.generation,
      };
      await client.send(new PutItemCommand({ TableName: table, Item: itemOf(item) }));
    },

    async list(lane) {
      const shards = shardsOf(lane, 'queues').map((partition) =>
        queryItems(client, {
          table,
          ConsistentRead: true,
          where: '#lane = :lane',
          values: { lane: partition },
        }),
      );
      return (await Promise.all(shards)).flat().map((it) => {
        const { item, announced_at, nonce, request_id, generation } = unmarshall(it);
        const about = request_id === undefined ? {} : { about: { request_id, generation } };
        return { backlog_key: item, announced_at, nonce, ...about };
      });
    },

    async forget({ backlog_key, nonce }) {
      await items.remove(keyOf(backlog_key), '#nonce = :nonce', { nonce });
    },
  };
}

/** Known lanes, in one partition of the lanes table. */
export function dynamoRegistry(client: DynamoDBClient, table: string): LaneRegistry {
  return {
    async register(lane, modelId) {
      const item = { lane: REGISTRY_PARTITION, item: lane, model_id: modelId };
      await client.send(new PutItemCommand({ TableName: table, Item: itemOf(item) }));
    },

    async list() {
      const items = await queryItems(client, {
        table,
        ConsistentRead: true,
        where: '#lane = :lane',
        values: { lane: REGISTRY_PARTITION },
      });
      return items.map((it) => {
        const { item, model_id } = unmarshall(it);
        return { lane: item, model_id };
      });
    },
  };
}
