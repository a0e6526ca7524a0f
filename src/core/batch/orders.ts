/** What the messages of the batches queue ask for. */
import { isObject, parseJson } from '../request/json.ts';
import { known } from '../request/versions.ts';
import type { DroppedFile } from './batch.ts';
import type { Continuation } from './ports.ts';

export type Order =
  /** `at`: when the object was put there, epoch milliseconds. */
  | { kind: 'object'; file: DroppedFile; at?: number }
  | { kind: 'continuation'; continuation: Continuation }
  /** Such as the test event that S3 sends when its notifications are configured. */
  | { kind: 'nothing' };

/**
 * A message of S3 may tell of several objects.
 * @throws {UnknownVersionError} @throws {MalformedError}
 */
export function readOrders(body: string): Order[] {
  const message = parseJson(body);
  if (!isObject(message)) return [{ kind: 'nothing' }];
  if (Array.isArray(message.Records)) return message.Records.map(orderOf);
  if (!Object.hasOwn(message, 'batch_id')) return [{ kind: 'nothing' }];
  const continuation = known<Continuation>('batch continuation', message, {
    v: 'number',
    batch_id: 'string',
    turn: 'number',
  });
  return [{ kind: 'continuation', continuation }];
}

/** A record of an S3 event notification. Keys come as in the query of a URL. */
function orderOf(record: unknown): Order {
  const { s3, eventTime } = Object(record) as {
    s3?: { object?: Record<string, unknown> };
    eventTime?: unknown;
  };
  const { key, eTag, size = 0, versionId } = s3?.object ?? {};
  if (typeof key !== 'string' || typeof eTag !== 'string') return { kind: 'nothing' };
  const file: DroppedFile = {
    key: decodeURIComponent(key.replaceAll('+', ' ')),
    etag: eTag,
    bytes: Number(size),
    ...(typeof versionId === 'string' && { version_id: versionId }),
  };
  const at = typeof eventTime === 'string' ? Date.parse(eventTime) : Number.NaN;
  return { kind: 'object', file, ...(!Number.isNaN(at) && { at }) };
}
