import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { LaneSettings, Settings } from '../../core/lane/ports.ts';
import { LaneItems } from './lane-items.ts';
import { SETTINGS_KEY } from './lane-keys.ts';

/** The maps among the variables. Terraform validates and writes them, and writes null for what is unset. */
export function dynamoSettings(client: DynamoDBClient, table: string): Settings {
  const items = new LaneItems(client, table);
  return {
    async read() {
      const item = await items.read(SETTINGS_KEY, ['json']);
      const stored: Partial<LaneSettings> = item
        ? JSON.parse(String(item.json), (_, value) => value ?? undefined)
        : {};
      return { quota_overrides: {}, tenant_weights: {}, ...stored };
    },
  };
}
