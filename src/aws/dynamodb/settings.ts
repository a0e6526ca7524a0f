import { type DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { LaneSettings, Settings } from '../../core/lane/ports.ts';
import { itemOf } from './expressions.ts';
import { SETTINGS_KEY } from './lane-keys.ts';

/** The maps among the variables. Terraform validates and writes them, and writes null for what is unset. */
export function dynamoSettings(client: DynamoDBClient, table: string): Settings {
  return {
    async read() {
      const { Item } = await client.send(
        new GetItemCommand({ TableName: table, Key: itemOf(SETTINGS_KEY), ConsistentRead: true }),
      );
      const stored: Partial<LaneSettings> = Item
        ? JSON.parse(unmarshall(Item).json, (_, value) => value ?? undefined)
        : {};
      return { quota_overrides: {}, tenant_weights: {}, ...stored };
    },
  };
}
