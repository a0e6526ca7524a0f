/** The sizes by which AWS bills items and messages. */
import { type Item, itemOf } from '../../aws/dynamodb/expressions.ts';
import { packed } from '../../aws/packed.ts';
import type { LeasedRelease } from '../../core/request/bundle-lease.ts';
import type { OfferedBundle } from '../../core/request/bundle-offers.ts';
import { BACKLOG_ATTRIBUTES, DUE_ATTRIBUTES } from '../../core/request/ports.ts';
import type { StoredRecord } from '../../core/request/record.ts';

/** A key, and what DynamoDB adds to an index entry. */
export const KEYS_BYTES = 160;
/** A request's id, where a producer has none: the id of its message. */
const ID_BYTES = 36;
/** SQS bills each part of so many bytes, of what is sent or received together, as a request. */
const QUEUE_REQUEST_BYTES = 65_536;

export function queueRequestsOf(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / QUEUE_REQUEST_BYTES));
}

/** As it is kept. */
export function lengthOf(text = ''): number {
  return packed(text, 'quick').length;
}

export interface IndexEntry {
  /** Where it is in the index: another place is a removal and an addition. */
  key: string;
  text: string;
  bytes: number;
}

export function indexEntriesOf(record: StoredRecord): Map<string, IndexEntry> {
  const found = new Map<string, IndexEntry>();
  const fields = record as unknown as Record<string, unknown>;
  const note = (name: string, partition: unknown, sort: unknown, attributes: readonly string[]) => {
    if (partition === undefined) return;
    const item = itemOf(Object.fromEntries(attributes.map((it) => [it, fields[it]])));
    found.set(name, {
      key: `${partition}|${sort}`,
      text: `${partition}|${sort}|${JSON.stringify(item)}`,
      bytes: bytesOfItem(item) + KEYS_BYTES,
    });
  };
  note('backlog', fields.backlog_key, fields.backlog_order, BACKLOG_ATTRIBUTES);
  note('due', fields.due_key, fields.due_at, DUE_ATTRIBUTES);
  return found;
}

/** As DynamoDB counts an item: names and texts in UTF-8, two digits of a number to a byte. */
export function bytesOfItem(item: Item): number {
  return Object.entries(item).reduce((sum, [name, { S, N }]) => {
    const value = N === undefined ? Buffer.byteLength(S ?? ' ') : Math.ceil(N.length / 2) + 1;
    return sum + Buffer.byteLength(name) + value;
  }, 0);
}

export function bytesOfLease(releases: readonly LeasedRelease[]): number {
  // A virtual request's id is short, and a generation has a digit or two.
  return KEYS_BYTES + releases.length * (ID_BYTES + 3);
}

/** As its message is kept, in JSON. */
export function bytesOfOffer(bundle: OfferedBundle): number {
  return KEYS_BYTES + bytesOf(bundle) + bundle.releases.length * ID_BYTES;
}

export function bytesOf(value: unknown): number {
  return JSON.stringify(value).length;
}
