import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { RequestRecord } from '../../core/request/record.ts';
import { type Item, itemOf } from './expressions.ts';

/**
 * Stored as JSON text: an output is Bedrock's own shape, whose numbers and empty values a DynamoDB map would not all
 * give back, and one text is smaller and faster than a tree of typed attributes. No index projects these.
 */
const JSON_ATTRIBUTES = [
  'output',
  'usage',
  'error',
  'source',
  'rerun',
] as const satisfies (keyof RequestRecord)[];

/** Attribute values of a record, or of some of its fields, before marshalling. */
export function attributesOf(fields: Partial<RequestRecord>): Record<string, unknown> {
  const attributes: Record<string, unknown> = { ...fields };
  for (const name of JSON_ATTRIBUTES) {
    if (fields[name] !== undefined) attributes[name] = JSON.stringify(fields[name]);
  }
  return attributes;
}

export function itemOfRecord(record: RequestRecord): Item {
  return itemOf(attributesOf(record));
}

/** The record in an item of the Requests table, or in a new image of its stream. */
export function recordOf(item: Item): RequestRecord {
  const attributes = unmarshall(item);
  for (const name of JSON_ATTRIBUTES) {
    if (attributes[name] !== undefined) attributes[name] = JSON.parse(attributes[name]);
  }
  return attributes as RequestRecord;
}
