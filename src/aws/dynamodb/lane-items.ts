import {
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { itemOf, namesIn, unlessRefused, valuesOf } from './expressions.ts';
import type { LaneItemKey } from './lane-keys.ts';
import { queryItems } from './query.ts';

type Attributes = Record<string, unknown>;

export interface Update {
  update: string;
  condition?: string;
  values: Record<string, unknown>;
  returns?: UpdateItemCommandInput['ReturnValues'];
}

/** Reads and conditional writes of items of the lanes table. */
export class LaneItems {
  readonly #client: DynamoDBClient;
  readonly #table: string;

  constructor(client: DynamoDBClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  /** The attributes that `returns` asks for, or undefined when the condition did not hold. */
  async update(
    key: LaneItemKey,
    { update, condition, values, returns }: Update,
  ): Promise<Attributes | undefined> {
    const written = await unlessRefused(
      this.#client.send(
        new UpdateItemCommand({
          TableName: this.#table,
          Key: itemOf(key),
          UpdateExpression: update,
          ConditionExpression: condition,
          ExpressionAttributeNames: namesIn(update, condition ?? ''),
          ExpressionAttributeValues: valuesOf(values),
          ReturnValues: returns,
        }),
      ),
    );
    return written && unmarshall(written.Attributes ?? {});
  }

  /** Strongly consistent. */
  async read(key: LaneItemKey, attributes: readonly string[]): Promise<Attributes | undefined> {
    const projection = attributes.map((name) => `#${name}`).join(', ');
    const { Item } = await this.#client.send(
      new GetItemCommand({
        TableName: this.#table,
        Key: itemOf(key),
        ConsistentRead: true,
        ProjectionExpression: projection,
        ExpressionAttributeNames: namesIn(projection),
      }),
    );
    return Item && unmarshall(Item);
  }

  /** All items of a partition. Strongly consistent. */
  async all(partition: string): Promise<ReturnType<typeof unmarshall>[]> {
    const found = await queryItems(this.#client, {
      table: this.#table,
      ConsistentRead: true,
      where: '#lane = :lane',
      values: { lane: partition },
    });
    return found.map((item) => unmarshall(item));
  }

  /** Whether it is gone: not when the condition did not hold. */
  async remove(key: LaneItemKey, condition: string, values?: Record<string, unknown>): Promise<boolean> {
    const removed = await unlessRefused(
      this.#client.send(
        new DeleteItemCommand({
          TableName: this.#table,
          Key: itemOf(key),
          ConditionExpression: condition,
          ExpressionAttributeNames: namesIn(condition),
          ExpressionAttributeValues: values && valuesOf(values),
        }),
      ),
    );
    return removed !== undefined;
  }
}
