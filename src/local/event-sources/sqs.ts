import { setTimeout as delay } from 'node:timers/promises';
import {
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { Activity } from '../activity.ts';
import type { InvocationResult } from '../lambda/execution-environment.ts';
import type { LambdaFunction } from '../lambda/function.ts';
import { failedItems } from './partial-failures.ts';

export interface SqsEventSourceOptions {
  queueUrl: string;
  queueArn: string;
  region: string;
  /** Has the credentials of the function's role, so that a missing permission shows. */
  sqs: SQSClient;
  target: LambdaFunction;
  batchSize: number;
  batchingWindowSeconds: number;
  maximumConcurrency: number;
  partialFailures: boolean;
  activity: Activity;
  onError: (error: unknown) => void;
}

/** The most messages that SQS gives for one request. */
const RECEIVE_LIMIT = 10;
const LONG_POLL_SECONDS = 20;
const ERROR_PAUSE_MS = 1000;

/** Polls a queue and runs its function on the messages, in as many batches at once as are allowed. */
export class SqsEventSource {
  readonly #abort = new AbortController();
  readonly #batches = new Set<Promise<void>>();
  #polling: Promise<void> | undefined;

  readonly #options: SqsEventSourceOptions;

  constructor(options: SqsEventSourceOptions) {
    this.#options = options;
  }

  start(): void {
    this.#polling = this.#poll();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#polling;
    await Promise.all(this.#batches);
  }

  async #poll(): Promise<void> {
    const { maximumConcurrency, activity, onError } = this.#options;
    while (!this.#abort.signal.aborted) {
      if (this.#batches.size >= maximumConcurrency) {
        await Promise.race(this.#batches);
        continue;
      }
      try {
        const messages = await this.#gather();
        if (messages.length === 0) activity.changed();
        else this.#run(messages);
      } catch (error) {
        if (this.#abort.signal.aborted) return;
        onError(error);
        await delay(ERROR_PAUSE_MS, undefined, { signal: this.#abort.signal }).catch(() => undefined);
      }
    }
  }

  /** A batch: the messages of one receive, or, with a batching window, all that arrive within it. */
  async #gather(): Promise<Message[]> {
    const { batchSize, batchingWindowSeconds } = this.#options;
    const messages = await this.#receive(batchSize, LONG_POLL_SECONDS);
    const closesAt = Date.now() + batchingWindowSeconds * 1000;
    while (messages.length > 0 && messages.length < batchSize) {
      const seconds = Math.floor((closesAt - Date.now()) / 1000);
      if (seconds < 1) break;
      messages.push(
        ...(await this.#receive(batchSize - messages.length, Math.min(seconds, LONG_POLL_SECONDS))),
      );
    }
    return messages;
  }

  async #receive(wanted: number, waitSeconds: number): Promise<Message[]> {
    const { sqs, queueUrl } = this.#options;
    const command = new ReceiveMessageCommand({
      QueueUrl: queueUrl,
      MaxNumberOfMessages: Math.min(wanted, RECEIVE_LIMIT),
      WaitTimeSeconds: waitSeconds,
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
    });
    const { Messages = [] } = await sqs.send(command, { abortSignal: this.#abort.signal });
    return Messages;
  }

  #run(messages: Message[]): void {
    const { activity, onError } = this.#options;
    const batch = activity
      .during(async () => {
        const { target } = this.#options;
        const result = await target.invoke({ Records: messages.map((message) => this.#record(message)) });
        if (!this.#abort.signal.aborted) await this.#remove(messages, result);
      })
      .catch(onError)
      .finally(() => this.#batches.delete(batch));
    this.#batches.add(batch);
  }

  /** Deletes the messages that succeeded. The others come back when their visibility timeout ends. */
  async #remove(messages: Message[], result: InvocationResult): Promise<void> {
    const { sqs, queueUrl, partialFailures } = this.#options;
    const ids = messages.map(({ MessageId }) => MessageId ?? '');
    const failed = failedItems(result, ids, partialFailures);
    const done = messages.filter(({ MessageId = '' }) => !failed.has(MessageId));
    for (let start = 0; start < done.length; start += RECEIVE_LIMIT) {
      const Entries = done
        .slice(start, start + RECEIVE_LIMIT)
        .map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
      await sqs.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
    }
  }

  #record(message: Message) {
    return {
      messageId: message.MessageId,
      receiptHandle: message.ReceiptHandle,
      body: message.Body,
      attributes: message.Attributes ?? {},
      messageAttributes: Object.fromEntries(
        Object.entries(message.MessageAttributes ?? {}).map(([name, value]) => [
          name,
          {
            stringValue: value.StringValue,
            dataType: value.DataType,
            stringListValues: [],
            binaryListValues: [],
          },
        ]),
      ),
      md5OfBody: message.MD5OfBody,
      eventSource: 'aws:sqs',
      eventSourceARN: this.#options.queueArn,
      awsRegion: this.#options.region,
    };
  }
}
