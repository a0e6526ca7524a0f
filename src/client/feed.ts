import { randomUUID } from 'node:crypto';
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { fieldOf } from './lines.ts';
import { isSendable, MAX_BYTES, MAX_ENTRIES } from './message-limits.ts';

/** How many batches are sent at once. */
const CONCURRENCY = 4;

export interface FeedTarget {
  sqs: SQSClient;
  s3: S3Client;
  queueUrl: string;
  /** Lines that no message can carry are stored below `inbox/` in this bucket, and a pointer is sent. */
  bucket: string;
}

/** The queue refused a line for what it contains. */
export class RefusedLineError extends Error {
  override readonly name = 'RefusedLineError';
}

interface Entry {
  line: string;
  body: string;
  bytes: number;
}

/** Sends lines as they are. `onSent` gets each message's id once the queue has it. @throws RefusedLineError */
export async function feed(
  lines: AsyncIterable<string>,
  target: FeedTarget,
  onSent: (line: string, requestId: string | undefined, messageId: string) => void,
): Promise<void> {
  const running = new Set<Promise<void>>();
  const send = async (batch: Entry[]) => {
    const sending = sendBatch(target, batch, onSent).finally(() => running.delete(sending));
    running.add(sending);
    if (running.size >= CONCURRENCY) await Promise.race(running);
  };
  try {
    for await (const batch of batches(lines, target)) await send(batch);
  } finally {
    await Promise.all(running);
  }
}

async function* batches(lines: AsyncIterable<string>, target: FeedTarget): AsyncGenerator<Entry[]> {
  let batch: Entry[] = [];
  let bytes = 0;
  for await (const line of lines) {
    const entry = await entryOf(line, target);
    if (batch.length === MAX_ENTRIES || bytes + entry.bytes > MAX_BYTES) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(entry);
    bytes += entry.bytes;
  }
  if (batch.length > 0) yield batch;
}

async function entryOf(line: string, { s3, bucket }: FeedTarget): Promise<Entry> {
  if (isSendable(line)) return { line, body: line, bytes: Buffer.byteLength(line) };
  const key = `inbox/${randomUUID()}.json`;
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: line }));
  const body = JSON.stringify({ s3: { bucket, key } });
  return { line, body, bytes: Buffer.byteLength(body) };
}

async function sendBatch(
  { sqs, queueUrl }: FeedTarget,
  batch: Entry[],
  onSent: (line: string, requestId: string | undefined, messageId: string) => void,
): Promise<void> {
  let left = new Map(batch.map((entry, index) => [String(index), entry]));
  while (left.size > 0) {
    const Entries = [...left].map(([Id, { body }]) => ({ Id, MessageBody: body }));
    const { Successful = [], Failed = [] } = await sqs.send(
      new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }),
    );
    for (const { Id = '', MessageId = '' } of Successful) {
      const entry = left.get(Id);
      if (entry) onSent(entry.line, fieldOf(entry.line, 'request_id'), MessageId);
    }
    const refused = Failed.find(({ SenderFault }) => SenderFault);
    if (refused)
      throw new RefusedLineError(`The input queue refused a line: ${refused.Code} ${refused.Message}`);
    left = new Map([...left].filter(([id]) => Failed.some(({ Id }) => Id === id)));
  }
}
