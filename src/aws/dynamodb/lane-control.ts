import { type DynamoDBClient, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { LaneControl } from '../../core/lane/ports.ts';
import { itemOf } from './expressions.ts';
import { controlKey } from './lane-keys.ts';

/** The operator's word about a lane, an item of its own: no leader writes it. */
export function dynamoControl(client: DynamoDBClient, table: string): LaneControl {
  return {
    async isPaused(lane) {
      const { Item } = await client.send(
        new GetItemCommand({ TableName: table, Key: itemOf(controlKey(lane)), ConsistentRead: true }),
      );
      return Item?.paused?.BOOL ?? false;
    },

    async setPaused(lane, paused) {
      await client.send(
        new UpdateItemCommand({
          TableName: table,
          Key: itemOf(controlKey(lane)),
          UpdateExpression: 'SET #paused = :paused',
          ExpressionAttributeNames: { '#paused': 'paused' },
          ExpressionAttributeValues: itemOf({ ':paused': paused }),
        }),
      );
    },
  };
}
