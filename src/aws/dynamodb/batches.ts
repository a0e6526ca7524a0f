import { randomUUID } from 'node:crypto';
import {
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Batch, Progress } from '../../core/batch/batch.ts';
import type { Batches } from '../../core/batch/ports.ts';
import type { TypesOf } from '../../core/request/checked.ts';
import { known } from '../../core/request/versions.ts';
import { type Item, itemOf, namesIn, unlessRefused, updateExpression, valuesOf } from './expressions.ts';

const TYPES: TypesOf<Batch> = {
  v: 'number',
  batch_id: 'string',
  key: 'string',
  etag: 'string',
  bytes: 'number',
  options: 'object',
  created_at: 'number',
  deadline_at: 'number',
  status: 'string',
  turn: 'number',
  since_turn: 'number',
  position: 'object',
  records: 'number',
  seen: 'object',
  written: 'object',
};

/** Batches in the batches table. Each turn is one conditional write with a nonce, as every write of a record is. */
export function dynamoBatches(client: DynamoDBClient, table: string): Batches {
  async function readItem(batchId: string): Promise<Item | undefined> {
    const { Item } = await client.send(
      new GetItemCommand({ TableName: table, Key: itemOf({ batch_id: batchId }), ConsistentRead: true }),
    );
    return Item;
  }

  return {
    async create(batch) {
      await unlessRefused(
        client.send(
          new PutItemCommand({
            TableName: table,
            Item: itemOf(batch),
            ConditionExpression: 'attribute_not_exists(batch_id)',
          }),
        ),
      );
    },

    async read(batchId) {
      const item = await readItem(batchId);
      return item && batchOf(item);
    },

    async save({ batch_id, turn }, sinceTurn, progress) {
      const nonce = randomUUID();
      const next = { ...progress, turn: turn + 1, since_turn: sinceTurn, nonce };
      const update = { TableName: table, Key: itemOf({ batch_id }), ...updateOf(next, turn) };
      const written = await unlessRefused(client.send(new UpdateItemCommand(update)));
      if (written?.Attributes) return batchOf(written.Attributes);
      const standing = await readItem(batch_id);
      return standing?.nonce?.S === nonce ? batchOf(standing) : undefined;
    },

    async requestCancel(batchId, now) {
      const update = 'SET #cancel_requested_at = if_not_exists(#cancel_requested_at, :now)';
      await client.send(
        new UpdateItemCommand({
          TableName: table,
          Key: itemOf({ batch_id: batchId }),
          UpdateExpression: update,
          ConditionExpression: 'attribute_exists(batch_id)',
          ExpressionAttributeNames: namesIn(update),
          ExpressionAttributeValues: valuesOf({ now }),
        }),
      );
    },
  };
}

function updateOf(next: Progress & { nonce: string }, turn: number) {
  const names = Object.keys(next) as (keyof typeof next)[];
  const update = updateExpression(
    names.filter((name) => next[name] !== undefined),
    names.filter((name) => next[name] === undefined),
  );
  const condition = '#turn = :from_turn';
  return {
    UpdateExpression: update,
    ConditionExpression: condition,
    ExpressionAttributeNames: namesIn(update, condition),
    ExpressionAttributeValues: valuesOf({ ...next, from_turn: turn }),
    ReturnValues: 'ALL_NEW',
  } satisfies Partial<UpdateItemCommandInput>;
}

function batchOf(item: Item): Batch {
  const { nonce: _, ...attributes } = unmarshall(item);
  return known<Batch>('batch', attributes, TYPES);
}
