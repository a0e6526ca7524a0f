/**
 * A Lambda function behind an event source of the results queue `tickets`, with ReportBatchItemFailures. A result can come
 * twice, so what it does must bear that: here a second write changes nothing. Permissions: the entry `tickets` of the
 * stack's output `results_consumer_policies_json`, and sqs:GetQueueAttributes for the event source.
 */
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';

interface Result {
  request_id: string;
  status: 'COMPLETED' | 'FAILED' | 'EXPIRED' | 'CANCELLED' | 'REJECTED';
  output?: { body: unknown } | { bucket: string; key: string };
  error?: { type: string; message: string };
  metadata?: { ticket: string };
}

interface QueueEvent {
  Records: { messageId: string; body: string }[];
}

const s3 = new S3Client({});

export async function handler({ Records }: QueueEvent) {
  const ends = await Promise.allSettled(Records.map(({ body }) => handle(body)));
  const failed = Records.filter((_, index) => ends[index]?.status === 'rejected');
  return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
}

async function handle(body: string): Promise<void> {
  const { request_id, status, output, error, metadata } = JSON.parse(body) as Result;
  if (status !== 'COMPLETED' || output === undefined) {
    console.warn(JSON.stringify({ request_id, status, error }));
    return;
  }
  const answer = 'body' in output ? output.body : await fetchOutput(output);
  const { output: converse } = answer as { output: { message: { content: { text?: string }[] } } };
  const summary = converse.message.content.map(({ text = '' }) => text).join('');
  await save(metadata?.ticket ?? request_id, summary);
}

/** A large answer is in the calls bucket. */
async function fetchOutput({ bucket, key }: { bucket: string; key: string }): Promise<unknown> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  return JSON.parse((await Body?.transformToString()) ?? 'null');
}

/** Your own store. */
async function save(ticket: string, summary: string): Promise<void> {
  console.log(JSON.stringify({ ticket, summary }));
}
