/** What the services behind the ports refuse. The ports in memory accept anything, so it is checked here. */
import { Buffer } from 'node:buffer';
import type { Item } from '../../aws/dynamodb/expressions.ts';
import { itemOfRecord } from '../../aws/dynamodb/record-item.ts';
import type { StoredRecord } from '../../core/request/record.ts';

/** DynamoDB, "Service, account, and table quotas". */
const MAX_ITEM_BYTES = 400 * 1024;
const MAX_PARTITION_KEY_BYTES = 2_048;
const MAX_SORT_KEY_BYTES = 1_024;
/** SQS, SendMessage. */
const MAX_MESSAGE_BYTES = 1_048_576;
const SQS_CHARACTERS = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u;

/** Why DynamoDB would refuse the record. */
export function recordProblems(record: StoredRecord): string[] {
  const problems: string[] = [];
  const bytes = sizeOf(itemOfRecord(record));
  if (bytes > MAX_ITEM_BYTES) problems.push(`a record of ${bytes} bytes`);
  for (const name of ['request_id', 'backlog_key', 'due_key'] as const) {
    const key: unknown = name in record ? record[name as keyof StoredRecord] : undefined;
    if (typeof key === 'string') problems.push(...keyProblems(name, key, MAX_PARTITION_KEY_BYTES));
  }
  return problems;
}

/** Why the lanes table would refuse an item with these keys. */
export function laneKeyProblems(lane: string, item: string): string[] {
  return [
    ...keyProblems('lane', `${lane}|reports|0`, MAX_PARTITION_KEY_BYTES),
    ...keyProblems('item', item, MAX_SORT_KEY_BYTES),
  ];
}

/** Why SQS would refuse the message. */
export function messageProblems(body: string): string[] {
  const bytes = Buffer.byteLength(body);
  const problems = bytes > MAX_MESSAGE_BYTES ? [`a message of ${bytes} bytes`] : [];
  return SQS_CHARACTERS.test(body) ? problems : [...problems, 'a message with characters that SQS refuses'];
}

function keyProblems(name: string, key: string, limit: number): string[] {
  const bytes = Buffer.byteLength(key);
  if (bytes === 0) return [`an empty ${name}`];
  return bytes > limit ? [`${name} of ${bytes} bytes, at most ${limit}`] : [];
}

/** As DynamoDB counts: names and values in UTF-8. */
function sizeOf(item: Item): number {
  return Object.entries(item).reduce((sum, [name, value]) => {
    const [content] = Object.values(value);
    return sum + Buffer.byteLength(name) + Buffer.byteLength(String(content)) + 1;
  }, 0);
}
