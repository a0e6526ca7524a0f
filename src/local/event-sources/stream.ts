import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Activity } from '../activity.ts';
import type { ItemChange } from '../gateway/dynamodb-service.ts';
import type { LambdaFunction } from '../lambda/function.ts';
import { failedItems } from './partial-failures.ts';

export interface StreamEventSourceOptions {
  table: string;
  streamArn: string;
  region: string;
  viewType: string;
  target: LambdaFunction;
  batchSize: number;
  batchingWindowSeconds: number;
  /** Batches at once; changes of one item stay in order. */
  parallelization: number;
  /** Retries of one batch, not counting the first try; infinite when the mapping says -1. */
  maximumRetryAttempts: number;
  maximumRecordAgeSeconds: number;
  bisectBatchOnFunctionError: boolean;
  partialFailures: boolean;
  matches: (record: unknown) => boolean;
  /** Gets the message about records that could not be processed. As in AWS, the records are not in it. */
  onDiscarded: (message: unknown) => Promise<void>;
  activity: Activity;
}

export interface StreamRecord {
  eventID: string;
  eventName: 'INSERT' | 'MODIFY' | 'REMOVE';
  dynamodb: { SequenceNumber: string; ApproximateCreationDateTime: number; [key: string]: unknown };
  [key: string]: unknown;
}

/** Lambda doubles the pause between retries of a batch, beginning with one second. */
const RETRY_PAUSE_MS = 1000;
const LONGEST_RETRY_PAUSE_MS = 60_000;
/** How often a stream is polled when no batching window is set. */
const POLL_INTERVAL_MS = 250;

/** Delivers a table's changes to a function, in batches, with bounded retries. Changes of one item stay in order. */
export class StreamEventSource {
  readonly #abort = new AbortController();
  readonly #shards: StreamRecord[][];
  readonly #wakes: (() => void)[] = [];
  #loops: Promise<void>[] = [];
  #sequence = 0;

  readonly #options: StreamEventSourceOptions;

  constructor(options: StreamEventSourceOptions) {
    this.#options = options;
    this.#shards = Array.from({ length: options.parallelization }, () => []);
  }

  get empty(): boolean {
    return this.#shards.every(({ length }) => length === 0);
  }

  add(change: ItemChange): void {
    const record = this.#record(change);
    if (!this.#options.matches(record)) return;
    const shard = hash(JSON.stringify(change.keys)) % this.#shards.length;
    this.#shards[shard]?.push(record);
    this.#wakes[shard]?.();
  }

  start(): void {
    this.#loops = this.#shards.map((queue, shard) => this.#consume(queue, shard));
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    for (const wake of this.#wakes) wake();
    await Promise.all(this.#loops);
  }

  async #consume(queue: StreamRecord[], shard: number): Promise<void> {
    const { batchSize, batchingWindowSeconds, activity } = this.#options;
    while (!this.#abort.signal.aborted) {
      if (queue.length === 0) {
        activity.changed();
        await new Promise<void>((resolve) => {
          this.#wakes[shard] = resolve;
        });
        continue;
      }
      await this.#pause(
        batchingWindowSeconds * 1000 || POLL_INTERVAL_MS,
        () => queue.length >= batchSize,
        shard,
      );
      const batch = queue.slice(0, batchSize);
      await activity.during(() => this.#process(batch, 0));
      queue.splice(0, batch.length);
    }
  }

  /** Runs a batch until every record has been processed or given up. */
  async #process(batch: StreamRecord[], retries: number): Promise<void> {
    const { target, bisectBatchOnFunctionError, maximumRetryAttempts, partialFailures } = this.#options;
    const fresh = batch.filter((record) => !this.#tooOld(record));
    if (fresh.length < batch.length)
      await this.#discard(
        batch.filter((record) => this.#tooOld(record)),
        'RecordAgeExceeded',
        retries,
      );
    if (fresh.length === 0 || this.#abort.signal.aborted) return;
    const result = await target.invoke({ Records: fresh });
    const numbers = fresh.map(({ dynamodb }) => dynamodb.SequenceNumber);
    const failed = failedItems(result, numbers, partialFailures);
    if (failed.size === 0) return;
    // Records are processed in order: everything from the first failure on comes again.
    const rest = fresh.slice(numbers.findIndex((number) => failed.has(number)));
    if (retries >= maximumRetryAttempts) return this.#discard(rest, 'RetryAttemptsExhausted', retries);
    await this.#pause(Math.min(RETRY_PAUSE_MS * 2 ** retries, LONGEST_RETRY_PAUSE_MS), () => false);
    const whole = 'error' in result || rest.length === fresh.length;
    if (!(bisectBatchOnFunctionError && whole && rest.length > 1)) return this.#process(rest, retries + 1);
    const middle = Math.ceil(rest.length / 2);
    await this.#process(rest.slice(0, middle), retries + 1);
    await this.#process(rest.slice(middle), retries + 1);
  }

  #tooOld({ dynamodb }: StreamRecord): boolean {
    return (
      Date.now() - dynamodb.ApproximateCreationDateTime * 1000 > this.#options.maximumRecordAgeSeconds * 1000
    );
  }

  async #discard(records: StreamRecord[], condition: string, retries: number): Promise<void> {
    const [first, last] = [records[0], records.at(-1)];
    if (!first || !last) return;
    await this.#options.onDiscarded({
      version: '1.0',
      timestamp: new Date().toISOString(),
      requestContext: {
        requestId: randomUUID(),
        functionArn: this.#options.target.arn,
        condition,
        approximateInvokeCount: retries + 1,
      },
      DDBStreamBatchInfo: {
        shardId: 'shardId-local',
        startSequenceNumber: first.dynamodb.SequenceNumber,
        endSequenceNumber: last.dynamodb.SequenceNumber,
        approximateArrivalOfFirstRecord: new Date(
          first.dynamodb.ApproximateCreationDateTime * 1000,
        ).toISOString(),
        approximateArrivalOfLastRecord: new Date(
          last.dynamodb.ApproximateCreationDateTime * 1000,
        ).toISOString(),
        batchSize: records.length,
        streamArn: this.#options.streamArn,
      },
    });
  }

  /** Waits for the time, until there is `enough` after a new record, or until the source is stopped. */
  async #pause(milliseconds: number, enough: () => boolean, shard?: number): Promise<void> {
    const timer = new AbortController();
    const time = delay(milliseconds, undefined, {
      signal: AbortSignal.any([timer.signal, this.#abort.signal]),
    }).catch(() => undefined);
    const full = new Promise<void>((resolve) => {
      if (enough()) resolve();
      else if (shard !== undefined) this.#wakes[shard] = () => enough() && resolve();
    });
    await Promise.race([time, full]);
    timer.abort();
  }

  #record({ keys, before, after }: ItemChange): StreamRecord {
    const { viewType, region, streamArn } = this.#options;
    const withNew = viewType === 'NEW_IMAGE' || viewType === 'NEW_AND_OLD_IMAGES';
    const withOld = viewType === 'OLD_IMAGE' || viewType === 'NEW_AND_OLD_IMAGES';
    const image = {
      ApproximateCreationDateTime: Date.now() / 1000,
      Keys: keys,
      ...(withNew && after ? { NewImage: after } : {}),
      ...(withOld && before ? { OldImage: before } : {}),
      SequenceNumber: String(++this.#sequence).padStart(21, '0'),
      StreamViewType: viewType,
    };
    return {
      eventID: randomUUID().replaceAll('-', ''),
      eventName: after ? (before ? 'MODIFY' : 'INSERT') : 'REMOVE',
      eventVersion: '1.1',
      eventSource: 'aws:dynamodb',
      awsRegion: region,
      dynamodb: { ...image, SizeBytes: Buffer.byteLength(JSON.stringify(image)) },
      eventSourceARN: streamArn,
    };
  }
}

function hash(text: string): number {
  let value = 0;
  for (const character of text) value = (value * 31 + character.charCodeAt(0)) >>> 0;
  return value;
}
