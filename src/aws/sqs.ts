import {
  type BatchResultErrorEntry,
  SendMessageBatchCommand,
  SendMessageCommand,
  type SQSClient,
  SQSServiceException,
} from '@aws-sdk/client-sqs';
import type { BatchQueue } from '../core/batch/ports.ts';
import { ReleasesNotSentError } from '../core/request/errors.ts';
import type { HoldQueue } from '../core/request/ports.ts';
import { type Results, ResultsQueueError } from '../core/request/result.ts';
import { MessagesNotSentError } from './errors.ts';

const MAX_BATCH_ENTRIES = 10;
/** SQS takes at most 1 MiB in one message, and in all messages of one batch. */
const MAX_BATCH_BYTES = 1_048_576;
/** What a batch refused in part is sent again this often, at once. */
const BATCH_ATTEMPTS = 3;

/** How SQS says that a queue is gone: a role that may not use it either is denied access. */
const NO_QUEUE = ['QueueDoesNotExist', 'AccessDenied', 'AccessDeniedException'];

/**
 * The shared results queue and those with names of their own, whose URLs begin with its URL.
 * @param queueUrl of the shared queue
 */
export function sqsResults(client: SQSClient, queueUrl: string): Results {
  return {
    async send(result, queue) {
      const QueueUrl = queue === undefined ? queueUrl : resultsQueueUrl(queueUrl, queue);
      try {
        await client.send(new SendMessageCommand({ QueueUrl, MessageBody: bodyOf(result) }));
      } catch (error) {
        const isGone = error instanceof SQSServiceException && NO_QUEUE.includes(error.name);
        throw isGone && queue !== undefined ? new ResultsQueueError(queue, { cause: error }) : error;
      }
    },
  };
}

/** The URL of a results queue with a name of its own: src/stack/queues.ts names the queues so. */
function resultsQueueUrl(sharedUrl: string, queue: string): string {
  return `${sharedUrl}-${queue}`;
}

export function sqsHoldQueue(client: SQSClient, queueUrl: string): HoldQueue {
  return {
    async send(messages) {
      const bodies = messages.map(bodyOf);
      const unsent = new Set<string>();
      let cause: unknown;
      await Promise.all(
        batchesOf(bodies).map(async (batch) => {
          try {
            await sendBatch(client, queueUrl, batch);
          } catch (error) {
            cause = error;
            for (const body of error instanceof MessagesNotSentError ? error.notSent : batch)
              unsent.add(body);
          }
        }),
      );
      if (unsent.size === 0) return;
      const left = messages.filter((_, index) => unsent.has(bodies[index] ?? ''));
      throw new ReleasesNotSentError(left, { cause });
    },
  };
}

/** Where the batch function leaves itself what is to be done later. */
export function sqsBatchQueue(client: SQSClient, queueUrl: string): BatchQueue {
  return {
    async send(continuation, delaySeconds) {
      const MessageBody = JSON.stringify(continuation);
      await client.send(
        new SendMessageCommand({ QueueUrl: queueUrl, MessageBody, DelaySeconds: delaySeconds }),
      );
    },
  };
}

/** JSON of characters that SQS takes: all that JSON does not escape by itself but the two that are none. */
export function bodyOf(message: object): string {
  return JSON.stringify(message).replace(
    /[\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16)}`,
  );
}

/** In order, as few batches as their count and size allow. */
export function batchesOf(bodies: readonly string[]): string[][] {
  const batches: string[][] = [];
  let room = 0;
  for (const body of bodies) {
    const bytes = Buffer.byteLength(body);
    const last = batches.at(-1);
    if (last && last.length < MAX_BATCH_ENTRIES && bytes <= room) {
      last.push(body);
      room -= bytes;
    } else {
      batches.push([body]);
      room = MAX_BATCH_BYTES - bytes;
    }
  }
  return batches;
}

/** A batch can be refused in part: only what was refused is sent again. */
async function sendBatch(client: SQSClient, queueUrl: string, bodies: readonly string[]): Promise<void> {
  let entries = bodies.map((body, index) => ({ Id: String(index), MessageBody: body }));
  let refused: BatchResultErrorEntry[] = [];
  for (let attempt = 1; attempt <= BATCH_ATTEMPTS && entries.length > 0; attempt++) {
    const answer = await client.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries: entries }));
    refused = answer.Failed ?? [];
    const ids = new Set(refused.map(({ Id }) => Id));
    entries = entries.filter(({ Id }) => ids.has(Id));
  }
  const notSent = entries.map(({ MessageBody }) => MessageBody);
  if (notSent.length > 0) throw new MessagesNotSentError(queueUrl, notSent, refused[0]?.Code);
}
