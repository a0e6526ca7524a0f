import { randomUUID } from 'node:crypto';
import { type DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { LaneRegistry, QueueDirectory } from '../../core/lane/ports.ts';
import { IN_USE_MS } from '../../core/lane/registration.ts';
import { ROW_RETENTION_MS } from '../../core/reporting/rows.ts';
import { parseBacklogKey } from '../../core/request/keys.ts';
import { itemOf, namesIn, unlessRefused, valuesOf } from './expressions.ts';
import { LaneItems } from './lane-items.ts';
import { earlierQueuesPartitions, queuesPartition, REGISTRY_PARTITION } from './lane-keys.ts';

/** Announced backlog partitions, in the lanes table. */
export function dynamoDirectory(client: DynamoDBClient, table: string): QueueDirectory {
  const items = new LaneItems(client, table);
  const keyOf = (backlogKey: string) => ({
    lane: queuesPartition(parseBacklogKey(backlogKey).lane),
    item: backlogKey,
  });

  /** Unless it has been announced again in either place. */
  async function adopt(earlier: Awaited<ReturnType<LaneItems['all']>>[number]): Promise<void> {
    const { lane, item, ...announced } = earlier;
    const condition = 'attribute_not_exists(#announced_at) OR #announced_at < :announced_at';
    const write = new PutItemCommand({
      TableName: table,
      Item: itemOf({ ...keyOf(item), ...announced }),
      ConditionExpression: condition,
      ExpressionAttributeNames: namesIn(condition),
      ExpressionAttributeValues: valuesOf({ announced_at: announced.announced_at }),
    });
    await unlessRefused(client.send(write));
    await items.remove({ lane, item }, '#nonce = :nonce', { nonce: announced.nonce });
  }

  const announce: QueueDirectory['announce'] = async (backlogKey, now, about, silentUntil) => {
    const { request_id, generation } = about ?? {};
    // A silence that another container has announced goes on.
    const silence = silentUntil === undefined ? 'if_not_exists(#silent_until, :now)' : ':silent_until';
    const said = about
      ? ', #request_id = :request_id, #generation = :generation'
      : ' REMOVE #request_id, #generation';
    const key = keyOf(backlogKey);
    const nonce = randomUUID();
    const written = await items.update(key, {
      update: `SET #announced_at = :now, #nonce = :nonce, #silent_until = ${silence}${said}`,
      condition: 'attribute_not_exists(#announced_at) OR #announced_at <= :now',
      values: { now, nonce, silent_until: silentUntil, request_id, generation },
    });
    if (written !== undefined) return;
    const standing = await items.update(key, {
      update: 'SET #nonce = :nonce REMOVE #request_id, #generation',
      condition: 'attribute_exists(#announced_at)',
      values: { nonce },
    });
    // The leader has forgotten the queue meanwhile, and the later announcement with it.
    if (standing === undefined) return announce(backlogKey, now, about, silentUntil);
    if (silentUntil === undefined) return;
    await items.update(key, {
      update: 'SET #silent_until = :silent_until',
      condition: '#silent_until < :silent_until',
      values: { silent_until: silentUntil },
    });
  };

  return {
    announce,

    async list(lane) {
      const announced = await items.all(queuesPartition(lane));
      return announced.map(({ item, announced_at, nonce, request_id, generation, silent_until }) => ({
        ...{ backlog_key: item, announced_at, nonce },
        ...(request_id !== undefined && { about: { request_id, generation } }),
        ...(silent_until !== undefined && { silent_until }),
      }));
    },

    async forget({ backlog_key, nonce }) {
      await items.remove(keyOf(backlog_key), '#nonce = :nonce', { nonce });
    },

    async adoptEarlier(lane) {
      const earlier = await Promise.all(earlierQueuesPartitions(lane).map((it) => items.all(it)));
      await Promise.all(earlier.flat().map(adopt));
    },
  };
}

/** Reports find a lane for as long as there are rows of it. */
const KEPT_MS = IN_USE_MS + ROW_RETENTION_MS;

/** Known lanes, in one partition of the lanes table. */
export function dynamoRegistry(client: DynamoDBClient, table: string): LaneRegistry {
  const items = new LaneItems(client, table);
  return {
    async register(lane, modelId, now) {
      const expires_at = Math.ceil((now + KEPT_MS) / 1_000);
      const item = {
        lane: REGISTRY_PARTITION,
        item: lane,
        model_id: modelId,
        registered_at: now,
        expires_at,
      };
      await client.send(new PutItemCommand({ TableName: table, Item: itemOf(item) }));
    },

    async list() {
      const lanes = await items.all(REGISTRY_PARTITION);
      return lanes.map(({ item, model_id, registered_at }) => ({
        ...{ lane: item, model_id },
        ...(registered_at !== undefined && { registered_at }),
      }));
    },
  };
}
