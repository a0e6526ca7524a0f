/** Events of Lambda's event sources, and the answer that names what must be delivered again. */
import type { DynamoDBRecord, SQSBatchResponse, SQSRecord } from 'aws-lambda';
import type { IncomingMessage } from '../core/ingestion/incoming.ts';
import type { StreamChange } from '../core/reporting/batch.ts';
import type { Item } from './dynamodb/expressions.ts';
import { recordOf } from './dynamodb/record-item.ts';
import { EventError } from './errors.ts';

/**
 * The records of an event.
 * @throws EventError for anything that an event source does not send, such as an invocation by hand
 */
export function recordsOf<T>(event: { Records?: T[] } | undefined, source: string): T[] {
  if (!Array.isArray(event?.Records)) throw new EventError(source);
  return event.Records;
}

export function incomingOf({ messageId, body, attributes }: SQSRecord): IncomingMessage {
  return {
    id: messageId,
    body,
    sentAt: Number(attributes.SentTimestamp),
    receiveCount: Number(attributes.ApproximateReceiveCount),
  };
}

export function streamChangeOf({ dynamodb }: DynamoDBRecord): StreamChange {
  // Lambda's types and the SDK's name the same JSON differently.
  const image = dynamodb?.NewImage as Item | undefined;
  return {
    sequenceNumber: dynamodb?.SequenceNumber ?? '',
    read: image && (() => recordOf(image)),
  };
}

/** Messages, or the stream's records from the first of these on, are delivered again. */
export function failuresOf(ids: readonly string[]): SQSBatchResponse {
  return { batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })) };
}
