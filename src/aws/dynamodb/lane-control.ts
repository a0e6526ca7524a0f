import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { LaneControl } from '../../core/lane/ports.ts';
import { LaneItems } from './lane-items.ts';
import { controlKey } from './lane-keys.ts';

/** The operator's word about a lane, an item of its own: no leader writes it. */
export function dynamoControl(client: DynamoDBClient, table: string): LaneControl {
  const items = new LaneItems(client, table);
  return {
    async pauseOf(lane) {
      const {
        paused,
        paused_by: by,
        paused_at: since,
      } = (await items.read(controlKey(lane), ['paused', 'paused_by', 'paused_at'])) ?? {};
      if (paused !== true) return undefined;
      return {
        ...(by !== undefined && { by: String(by) }),
        ...(since !== undefined && { since: Number(since) }),
      };
    },

    async setPause(lane, pause) {
      if (pause === undefined) {
        await items.update(controlKey(lane), { update: 'SET #paused = :paused', values: { paused: false } });
        return;
      }
      await items.update(controlKey(lane), {
        update: 'SET #paused = :paused, #paused_by = :by, #paused_at = :since',
        values: { paused: true, by: pause.by ?? 'unknown', since: pause.since ?? 0 },
      });
    },
  };
}
