import { randomUUID } from 'node:crypto';
import {
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import type { Records, Transition } from '../../core/request/ports.ts';
import type { StoredRecord } from '../../core/request/record.ts';
import { itemOf, namesIn, unlessRefused, updateExpression, valuesOf } from './expressions.ts';
import { attributesOf, itemOfRecord, recordOf } from './record-item.ts';

/**
 * Records in the Requests table. Each write is one conditional single-item write that carries a fresh nonce. When the
 * condition fails the item is read: our own nonce in it means that the write had taken effect and only its answer
 * was lost (the SDK then sent it again and met its own effect).
 */
export function dynamoRecords(client: DynamoDBClient, table: string): Records {
  async function read(requestId: string): Promise<StoredRecord | undefined> {
    const { Item } = await client.send(
      new GetItemCommand({ TableName: table, Key: itemOf({ request_id: requestId }), ConsistentRead: true }),
    );
    return Item && recordOf(Item);
  }

  return {
    read,

    async create(record) {
      const nonce = randomUUID();
      const written = await unlessRefused(
        client.send(
          new PutItemCommand({
            TableName: table,
            Item: itemOfRecord({ ...record, nonce }),
            // DynamoDB deletes what has expired within some days.
            ConditionExpression: 'attribute_not_exists(request_id) OR expires_at <= :now',
            ExpressionAttributeValues: valuesOf({ now: Math.floor(Date.now() / 1_000) }),
          }),
        ),
      );
      if (written) return undefined;
      const standing = await read(record.request_id);
      return standing?.nonce === nonce ? undefined : standing;
    },

    async move(transition) {
      const nonce = randomUUID();
      const written = await unlessRefused(
        client.send(new UpdateItemCommand({ TableName: table, ...updateOf(transition, nonce) })),
      );
      if (written?.Attributes) return { applied: true, record: recordOf(written.Attributes) };
      const standing = await read(transition.request_id);
      return standing?.nonce === nonce
        ? { applied: true, record: standing }
        : { applied: false, record: standing };
    },
  };
}

function updateOf({ request_id, from, set, remove }: Transition, nonce: string) {
  const given = Object.entries({ ...attributesOf(set), nonce }).filter(([, value]) => value !== undefined);
  const update = updateExpression(
    given.map(([name]) => name),
    remove,
  );
  const condition = '#status = :from_status AND #generation = :from_generation';
  return {
    Key: itemOf({ request_id }),
    UpdateExpression: update,
    ConditionExpression: condition,
    ExpressionAttributeNames: namesIn(update, condition),
    ExpressionAttributeValues: valuesOf({
      ...Object.fromEntries(given),
      from_status: from.status,
      from_generation: from.generation,
    }),
    ReturnValues: 'ALL_NEW',
  } satisfies Partial<UpdateItemCommandInput>;
}
