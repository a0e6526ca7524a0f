import type { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { packed } from '../../src/aws/packed.ts';
import { storedPayloads } from '../../src/aws/payloads.ts';
import { PayloadMissingError } from '../../src/core/request/errors.ts';
import { payloadKey } from '../../src/core/request/keys.ts';

const KEY = payloadKey('r1', 'hash', 100);

/** A table whose reads that may lag do not see the item yet, and how each read was made. */
function laggingTable(Item: object | undefined, seenAtOnce: boolean) {
  const reads: boolean[] = [];
  const dynamo = {
    send: async ({ input: { ConsistentRead } }: GetItemCommand) => {
      reads.push(ConsistentRead === true);
      return ConsistentRead || seenAtOnce ? { Item } : {};
    },
  } as unknown as DynamoDBClient;
  const s3 = new S3Client({ region: 'eu-west-1' });
  return { reads, payloads: storedPayloads({ dynamo, table: 'requests', s3, bucket: 'calls' }) };
}

describe('a small payload', () => {
  const item = { payload: { B: packed('{"v":1}') } };

  it.each([
    { seenAtOnce: true, reads: [false] },
    { seenAtOnce: false, reads: [false, true] },
  ])(
    'is read at half the price, and consistently where it is not seen yet: $reads',
    async ({ seenAtOnce, reads }) => {
      const table = laggingTable(item, seenAtOnce);
      expect(Buffer.from(await table.payloads.get(KEY)).toString()).toBe('{"v":1}');
      expect(table.reads).toEqual(reads);
    },
  );

  it('is missing only when a consistent read does not find it', async () => {
    const table = laggingTable(undefined, false);
    await expect(table.payloads.get(KEY)).rejects.toThrow(new PayloadMissingError(KEY));
    expect(table.reads).toEqual([false, true]);
  });
});
