import { unmarshall } from '@aws-sdk/util-dynamodb';
import { checked, type TypesOf } from '../../core/request/checked.ts';
import type {
  CancellationRecord,
  RejectionRecord,
  RequestRecord,
  StoredRecord,
} from '../../core/request/record.ts';
import { type Item, itemOf } from './expressions.ts';

/**
 * Stored as JSON text: an output is Bedrock's own shape, whose numbers and empty values a DynamoDB map would not all
 * give back, and one text is smaller and faster than a tree of typed attributes. No index projects these.
 */
const JSON_ATTRIBUTES = ['output', 'usage', 'error', 'source', 'rerun', 'cut'] as const satisfies readonly (
  | keyof RequestRecord
  | keyof RejectionRecord
)[];

const COMMON = {
  v: 'number',
  request_id: 'string',
  status: 'string',
  generation: 'number',
  nonce: 'string',
  lane: 'string',
  priority: 'number',
  tenant: 'string',
  accepted_at: 'number',
  content_hash: 'string',
  attempts: 'number',
} as const;

const REQUEST: TypesOf<RequestRecord> = {
  ...COMMON,
  model_id: 'string',
  operation: 'string',
  deadline_at: 'number',
  has_deadline: 'boolean',
  payload_key: 'string',
  input_tokens: 'number',
  input_bytes: 'number',
  queue: 'string',
  arrival: 'number',
  failures: 'number',
  throttles: 'number',
};

const REJECTION: TypesOf<RejectionRecord> = {
  ...COMMON,
  result_id: 'string',
  finished_at: 'number',
  error: 'object',
};

const CANCELLATION: TypesOf<CancellationRecord> = { ...COMMON, expires_at: 'number' };

/** Attribute values of a record, or of some of its fields, before marshalling. */
export function attributesOf(fields: Partial<RequestRecord> | StoredRecord): Record<string, unknown> {
  const attributes: Record<string, unknown> = { ...fields };
  for (const name of JSON_ATTRIBUTES) {
    if (attributes[name] !== undefined) attributes[name] = JSON.stringify(attributes[name]);
  }
  return attributes;
}

export function itemOfRecord(record: StoredRecord): Item {
  return itemOf(attributesOf(record));
}

/**
 * The record in an item of the Requests table, or in a new image of its stream.
 * @throws MalformedError naming the attribute that is missing or of another type
 */
export function recordOf(item: Item): StoredRecord {
  const attributes = unmarshall(item);
  for (const name of JSON_ATTRIBUTES) {
    if (attributes[name] !== undefined) attributes[name] = JSON.parse(attributes[name]);
  }
  switch (attributes.status) {
    case 'REJECTED':
      return checked<RejectionRecord>('record of a rejection', attributes, REJECTION);
    case 'CANCEL_REQUESTED':
      return checked<CancellationRecord>('record of a cancellation', attributes, CANCELLATION);
    default:
      return checked<RequestRecord>('record of a request', attributes, REQUEST);
  }
}
