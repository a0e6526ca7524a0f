import { setTimeout } from 'node:timers/promises';
import { BatchGetItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { RecordLookup } from '../../core/batch/ports.ts';
import type { StoredRecord } from '../../core/request/record.ts';
import { type Item, itemOf } from './expressions.ts';
import { recordOf } from './record-item.ts';

/** DynamoDB leaves out items beyond 16 MB and items that are throttled. These are requested again. */
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 5_000;

export function dynamoRecordLookup(client: DynamoDBClient, table: string): RecordLookup {
  return {
    async find(requestIds) {
      const records: StoredRecord[] = [];
      let keys: Item[] = requestIds.map((request_id) => itemOf({ request_id }));
      for (let pauseMs = FIRST_PAUSE_MS; keys.length > 0; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
        const { Responses = {}, UnprocessedKeys = {} } = await client.send(
          new BatchGetItemCommand({ RequestItems: { [table]: { Keys: keys, ConsistentRead: true } } }),
        );
        const found = Responses[table] ?? [];
        records.push(...found.map(recordOf));
        keys = UnprocessedKeys[table]?.Keys ?? [];
        if (keys.length > 0 && found.length === 0) await setTimeout(pauseMs);
      }
      return records;
    },
  };
}
