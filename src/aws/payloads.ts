/** Payloads where they are cheapest: small ones, compressed, as items of the Requests table, large ones in the calls bucket. */
import { type DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { S3Client } from '@aws-sdk/client-s3';
import { PayloadMissingError } from '../core/request/errors.ts';
import { isKeyOfSmallPayload } from '../core/request/keys.ts';
import type { Payloads } from '../core/request/ports.ts';
import { itemOf } from './dynamodb/expressions.ts';
import { packed, unpacked } from './packed.ts';
import { s3Payloads } from './s3.ts';

const SECONDS_OF_A_DAY = 86_400;

export interface PayloadStores {
  dynamo: DynamoDBClient;
  /** Name of the Requests table. */
  table: string;
  s3: S3Client;
  /** Name of the calls bucket. */
  bucket: string;
}

/** Reads both, and puts objects only: what is written beside payloads is outputs, and an operator's large retries. */
export function storedPayloads({ dynamo, table, s3, bucket }: PayloadStores): Payloads {
  const { put, get } = s3Payloads(s3, bucket);
  async function read(key: string, ConsistentRead: boolean): Promise<Uint8Array | undefined> {
    const Key = itemOf({ request_id: key });
    const { Item } = await dynamo.send(new GetItemCommand({ TableName: table, Key, ConsistentRead }));
    return Item?.payload?.B;
  }
  return {
    put,
    async get(key) {
      if (!isKeyOfSmallPayload(key)) return get(key);
      // What is under a key never changes, and was written a while ago: a read that may lag, at half the price, mostly finds it.
      const bytes = (await read(key, false)) ?? (await read(key, true));
      if (bytes === undefined) throw new PayloadMissingError(key);
      return unpacked(bytes);
    },
  };
}

/**
 * Puts both.
 * @param retentionDays how long a small payload is kept; a rule of the bucket says the same of large ones
 */
export function keptPayloads(stores: PayloadStores, retentionDays: number): Payloads {
  const { dynamo, table } = stores;
  const { put, get } = storedPayloads(stores);
  return {
    async put(key, body) {
      if (!isKeyOfSmallPayload(key)) return put(key, body);
      const expires_at = Math.ceil(Date.now() / 1_000) + retentionDays * SECONDS_OF_A_DAY;
      const item = { request_id: key, payload: packed(body), expires_at };
      await dynamo.send(new PutItemCommand({ TableName: table, Item: itemOf(item) }));
    },
    get,
  };
}
