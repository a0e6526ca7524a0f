import { rejectionId } from '../core/request/keys.ts';
import { describe } from '../core/request/problem.ts';
import { isOutcome, type RequestRecord, type Status, type StoredRecord } from '../core/request/record.ts';
import { resultOf } from '../core/request/result.ts';
import { errorOf, ResultTimeoutError, SmootherUsageError } from './errors.ts';
import { checkOptions } from './options.ts';
import { type Durations, FIRST_LOOK_MS, nextLookMs } from './pacing.ts';
import type { Ahead, ClientPorts } from './ports.ts';
import type { RecordReader } from './reader.ts';
import { isRecordId } from './request-id.ts';
import { cancelMessage } from './requests.ts';
import { type Result, resultFrom } from './result.ts';
import type { Sender } from './sender.ts';

export interface WaitOptions {
  /** Ends the waiting with the signal's reason. The request goes on: see `cancel`. */
  signal?: AbortSignal;
  /** Milliseconds from now, at least 0. Default: no limit. */
  timeoutMs?: number;
}

export interface RequestStatus {
  /** UNKNOWN: there is no record yet, or not any more. */
  state: Status | 'UNKNOWN';
  /** Somebody has taken it back. It ends CANCELLED unless its call gives an answer. */
  cancelRequested: boolean;
  /** While it waits: what is before it in its own queue, that of its model, priority and tenant. */
  ahead?: Ahead;
  /**
   * While it waits, as estimated when it was accepted, epoch milliseconds: half of such requests start before the first time, all but
   * one in twenty before the second. Absent where nothing could be promised, as in a lane that is paused.
   */
  expectedStart?: { p50: number; p95: number };
  /** It was not expected to start by its deadline. */
  isTooLate?: boolean;
  /** Epoch milliseconds. */
  acceptedAt?: number;
  startedAt?: number;
  finishedAt?: number;
}

/**
 * - `cancelled`: it ended CANCELLED, or will as soon as its message arrives
 * - `too late`: its call has been made, and its answer is delivered
 * - `already ended`: it had an outcome before
 */
export type Cancellation = 'cancelled' | 'too late' | 'already ended';

/**
 * A wait ends at the look after its limit. When no look comes, because the reads hang or too many wait, it ends without one, but not
 * sooner than this: the shortest wait still gets a look.
 */
const LEAST_WAIT_MS = 5_000;
/** No timer of Node is longer. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** What a handle works with: that of its Smoother. */
export interface HandleContext {
  ports: ClientPorts;
  reader: RecordReader;
  sender: Sender;
  durations: Durations;
}

/** What identifies a request for the process that has it. */
export interface HandleOptions {
  /** The SQS message's id: a refusal is found by it. */
  messageId?: string;
  /** Of the content that was sent: then the record of another content under this id is not taken for ours. */
  contentHash?: string;
}

/** One request, from any process: `smoother.handle(id)` gives the same again after a restart. */
export class RequestHandle {
  readonly #context: HandleContext;
  readonly #options: HandleOptions;
  readonly #since: number;
  /** Of the records that tell about it. */
  readonly #keys: string[];

  /** @internal */
  constructor(
    readonly requestId: string,
    context: HandleContext,
    options: HandleOptions = {},
  ) {
    this.#context = context;
    this.#options = options;
    this.#since = context.ports.clock.now();
    const { messageId } = options;
    // One key that DynamoDB does not take fails the read of all who wait. A message with a bad id is refused, and its refusal has
    // a key of its own.
    this.#keys = [
      ...(isRecordId(requestId) ? [requestId] : []),
      ...(messageId === undefined ? [] : [rejectionId(messageId)]),
    ];
  }

  /** The SQS message's id, where this handle has sent it. Keep it with `requestId` to find a refusal after a restart. */
  get messageId(): string | undefined {
    return this.#options.messageId;
  }

  /**
   * The result, once there is one.
   * @throws RequestFailedError, RequestExpiredError, RequestCancelledError, RequestRejectedError by its status
   * @throws ResultTimeoutError after `timeoutMs`; the request goes on
   */
  async result(options: WaitOptions = {}): Promise<Result> {
    const result = await this.outcome(options);
    const error = errorOf(result);
    if (error !== undefined) throw error;
    return result;
  }

  /** The result whatever its status, once there is one. @throws ResultTimeoutError */
  async outcome(options: WaitOptions = {}): Promise<Result> {
    checkWait(options);
    const record = await this.#until((it) => it !== undefined && isOutcome(it.status), options);
    const message = resultOf(record as StoredRecord);
    const operation = record !== undefined && 'operation' in record ? record.operation : undefined;
    return resultFrom(message, this.#context.ports.output, operation);
  }

  /** Where it is now, by one read that may lag by a moment, and one more while it waits. */
  async status(): Promise<RequestStatus> {
    const { ports } = this.#context;
    const record = this.#own(byId(await ports.read(this.#keys)));
    if (record === undefined || record.status === 'CANCEL_REQUESTED') {
      return { state: 'UNKNOWN', cancelRequested: record !== undefined };
    }
    const { status, accepted_at, finished_at } = record;
    const state = { state: status, acceptedAt: accepted_at, finishedAt: finished_at };
    if (record.status === 'REJECTED') return { ...state, cancelRequested: false };
    const { backlog_key, backlog_order, started_at, cancel_requested_at } = record;
    const waits = backlog_key !== undefined && backlog_order !== undefined;
    return {
      ...state,
      startedAt: started_at,
      cancelRequested: cancel_requested_at !== undefined,
      ...(waits && promiseOf(record)),
      ...(waits && { ahead: await ports.ahead(backlog_key, backlog_order) }),
    };
  }

  /**
   * Takes the request back, and tells what came of it.
   * @throws SmootherUsageError for an id that no request can have
   * @throws ResultTimeoutError
   */
  async cancel(options: WaitOptions = {}): Promise<Cancellation> {
    checkWait(options);
    const { ports, sender } = this.#context;
    const found = byId(await ports.read(this.#keys));
    const before = this.#own(found);
    if (before !== undefined && isOutcome(before.status)) {
      return before.status === 'CANCELLED' ? 'cancelled' : 'already ended';
    }
    // Another's request has the id, so ours is refused: to cancel by the id would take back the other's.
    if (before === undefined && found.has(this.requestId)) return 'already ended';
    await sender.send(cancelMessage(this.requestId));
    const record = await this.#until((it) => cancellationOf(it) !== undefined, options);
    return cancellationOf(record) ?? 'already ended';
  }

  toJSON(): { requestId: string; messageId?: string } {
    return { requestId: this.requestId, messageId: this.messageId };
  }

  /** The record once it is as wanted. */
  #until(
    isWanted: (record: StoredRecord | undefined) => boolean,
    { signal, timeoutMs = Number.POSITIVE_INFINITY }: WaitOptions,
  ): Promise<StoredRecord | undefined> {
    const { reader, ports, durations } = this.#context;
    const { clock } = ports;
    const until = clock.now() + timeoutMs;
    return new Promise((resolve, reject) => {
      const leave = () => {
        clearTimeout(timer);
        reader.remove(watch);
        signal?.removeEventListener('abort', abort);
      };
      const abort = () => {
        leave();
        reject(signal?.reason);
      };
      const giveUp = () => {
        leave();
        reject(new ResultTimeoutError(this.requestId, timeoutMs));
      };
      const watch = {
        keys: () => this.#keys,
        see: (found: ReadonlyMap<string, StoredRecord>) => {
          const now = clock.now();
          const record = this.#own(found);
          if (isWanted(record)) {
            this.#learn(record);
            leave();
            resolve(record);
            return undefined;
          }
          if (now >= until) {
            giveUp();
            return undefined;
          }
          const usual = record && 'model_id' in record ? durations.of(String(record.model_id)) : undefined;
          return Math.min(nextLookMs(now, this.#since, record, usual), Math.max(0, until - now));
        },
        fail: (error: unknown) => {
          leave();
          reject(error);
        },
      };
      const timer =
        timeoutMs <= LONGEST_TIMER_MS ? setTimeout(giveUp, Math.max(timeoutMs, LEAST_WAIT_MS)) : undefined;
      if (signal?.aborted) return abort();
      signal?.addEventListener('abort', abort, { once: true });
      const isNew = clock.now() - this.#since < FIRST_LOOK_MS && this.messageId !== undefined;
      reader.add(watch, Math.min(isNew ? FIRST_LOOK_MS : 0, timeoutMs));
    });
  }

  /** What is ours of the records found: a refusal of our message, or the record under our id unless it is another's. */
  #own(found: ReadonlyMap<string, StoredRecord>): StoredRecord | undefined {
    const { messageId, contentHash } = this.#options;
    const refused = messageId === undefined ? undefined : found.get(rejectionId(messageId));
    if (refused !== undefined) return refused;
    const record = found.get(this.requestId);
    const isOthers =
      contentHash !== undefined &&
      record?.status !== 'CANCEL_REQUESTED' &&
      record?.content_hash !== contentHash;
    return isOthers ? undefined : record;
  }

  #learn(record: StoredRecord | undefined): void {
    if (record?.status !== 'COMPLETED' || record.started_at === undefined) return;
    const { model_id, started_at, finished_at = started_at } = record;
    this.#context.durations.add(model_id, finished_at - started_at);
  }
}

/** A limit that is no number is never reached. */
function checkWait(options: WaitOptions): void {
  checkOptions<WaitOptions>(options, { signal: true, timeoutMs: true });
  const { timeoutMs = Number.POSITIVE_INFINITY } = options;
  if (typeof timeoutMs !== 'number' || !(timeoutMs >= 0)) {
    throw new SmootherUsageError(`timeoutMs: must be a number from 0, got ${describe(timeoutMs)}`);
  }
}

function promiseOf({
  expected_start_at: p50,
  promised_start_at: p95,
  deadline_at,
}: RequestRecord): Pick<RequestStatus, 'expectedStart' | 'isTooLate'> {
  if (p50 === undefined || p95 === undefined) return {};
  return { expectedStart: { p50, p95 }, ...(p50 > deadline_at && { isTooLate: true }) };
}

function byId(records: readonly StoredRecord[]): Map<string, StoredRecord> {
  return new Map(records.map((record) => [record.request_id, record]));
}

/** What came of a cancel message; undefined while that is open. */
function cancellationOf(record: StoredRecord | undefined): Cancellation | undefined {
  switch (record?.status) {
    case undefined:
    case 'RECEIVED':
    case 'QUEUED':
      return undefined;
    case 'CANCELLED':
    case 'CANCEL_REQUESTED':
      return 'cancelled';
    case 'IN_PROGRESS':
      return record.cancel_requested_at === undefined ? undefined : 'too late';
    case 'REJECTED':
      return 'already ended';
    case 'COMPLETED':
    case 'FAILED':
    case 'EXPIRED':
      return record.cancel_requested_at === undefined ? 'already ended' : 'too late';
  }
}
