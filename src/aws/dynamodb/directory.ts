import { randomUUID } from 'node:crypto';
import { type DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { LaneRegistry, QueueDirectory } from '../../core/lane/ports.ts';
import { parseBacklogKey } from '../../core/request/keys.ts';
import { type Item, itemOf, unlessRefused } from './expressions.ts';
import { LaneItems } from './lane-items.ts';
import { earlierQueuesPartitions, queuesPartition, REGISTRY_PARTITION } from './lane-keys.ts';
import { queryItems } from './query.ts';

/** Announced backlog partitions, in the lanes table. */
export function dynamoDirectory(client: DynamoDBClient, table: string): QueueDirectory {
  const items = new LaneItems(client, table);
  const keyOf = (backlogKey: string) => ({
    lane: queuesPartition(parseBacklogKey(backlogKey).lane),
    item: backlogKey,
  });
  const announcedIn = (partition: string) =>
    queryItems(client, {
      table,
      ConsistentRead: true,
      where: '#lane = :lane',
      values: { lane: partition },
    });

  /** Unless it has been announced again in either place. */
  async function moveToOthers(earlier: Item): Promise<void> {
    const { lane, item, ...announced } = unmarshall(earlier);
    const write = new PutItemCommand({
      TableName: table,
      Item: itemOf({ ...keyOf(item), ...announced }),
      ConditionExpression: 'attribute_not_exists(#announced_at) OR #announced_at < :announced_at',
      ExpressionAttributeNames: { '#announced_at': 'announced_at' },
      ExpressionAttributeValues: itemOf({ ':announced_at': announced.announced_at }),
    });
    await unlessRefused(client.send(write));
    await items.remove({ lane, item }, '#nonce = :nonce', { nonce: announced.nonce });
  }

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
      return (await announcedIn(queuesPartition(lane))).map((it) => {
        const { item, announced_at, nonce, request_id, generation } = unmarshall(it);
        const about = request_id === undefined ? {} : { about: { request_id, generation } };
        return { backlog_key: item, announced_at, nonce, ...about };
      });
    },

    async forget({ backlog_key, nonce }) {
      await items.remove(keyOf(backlog_key), '#nonce = :nonce', { nonce });
    },

    async adoptEarlier(lane) {
      const earlier = await Promise.all(earlierQueuesPartitions(lane).map(announcedIn));
      await Promise.all(earlier.flat().map(moveToOthers));
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
