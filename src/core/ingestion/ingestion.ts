import type { Clock } from '../clock.ts';
import type { Weights } from '../lane/expected-start.ts';
import type { LaneSettings, Settings } from '../lane/ports.ts';
import { weightsIn } from '../lane/priority-weights.ts';
import type { Log } from '../log.ts';
import { Mutex } from '../mutex.ts';
import type { Home } from '../request/arns.ts';
import { cancelled } from '../request/cancellation.ts';
import { deliver } from '../request/deliver.ts';
import { requestError } from '../request/error-types.ts';
import { rejectionId } from '../request/keys.ts';
import { type MessageLimits, type Reading, readMessage, type Usable } from '../request/message.ts';
import type { Pointer } from '../request/message-schema.ts';
import { knownAs, knownProfiles } from '../request/model-id.ts';
import { ownOf } from '../request/own.ts';
import { payloadText } from '../request/payload.ts';
import type { Inbox, Payloads, Records } from '../request/ports.ts';
import { describeProblems } from '../request/problem.ts';
import {
  type CancellationRecord,
  isOutcome,
  type RequestError,
  type RequestRecord,
  type StoredRecord,
} from '../request/record.ts';
import type { Request } from '../request/request.ts';
import type { Results } from '../request/result.ts';
import { isExpired, replaceCancellation } from '../request/transitions.ts';
import { type Acceptance, acceptedRecord, promised } from './accepted-record.ts';
import { cancel } from './cancel.ts';
import { Coalescer } from './coalescer.ts';
import type { IncomingMessage } from './incoming.ts';
import { InputCounts, type TokenCounter } from './input-counts.ts';
import { LaneNotifier, type LaneNotifierPorts } from './lane-notifier.ts';
import { certainLimits, lateness, quotaViolation } from './refusals.ts';
import { rejectedRecord } from './rejected-record.ts';
import { type PointerReading, readPointer } from './s3-pointer.ts';
import { ShardChooser } from './shard-chooser.ts';
import { StartEstimates } from './start-estimates.ts';

export interface IngestionPorts extends LaneNotifierPorts {
  records: Records;
  payloads: Payloads;
  inbox: Inbox;
  settings: Settings;
  /** Absent: inputs are estimated. */
  counter?: TokenCounter;
  results: Results;
  clock: Pick<Clock, 'now'>;
  /** In [0, 1). */
  random(): number;
  log: Log;
}

export interface IngestionOptions extends Pick<MessageLimits, 'longestWaitSeconds'> {
  home: Home;
  /** The calls bucket: the only one that pointers may name. */
  bucket: string;
}

/** Variables are read again after this long. */
const SETTINGS_AGE_MS = 10_000;
/** Larger messages are handled one at a time: while it is read and stored, each takes many times its size of memory. */
const LARGE_BYTES = 2_000_000;

/** How the lane is shared. */
interface Shares {
  weights: Weights;
  budgets: LaneSettings['tenant_budgets'];
}

interface Refusal {
  error: RequestError;
  usable: Usable;
  /** Under the SQS message's id, whatever id the producer gave. Absent: where another request has that id. */
  anonymous?: boolean;
}

/**
 * Takes messages from the Input queue: each becomes one stored request, or one REJECTED result that says why. Every step
 * can be repeated, so a message whose handling was interrupted anywhere is simply delivered again.
 */
export class Ingestion {
  readonly #arrivals = new ShardChooser();
  readonly #notifier: LaneNotifier;
  readonly #inputs: InputCounts;
  readonly #starts = new StartEstimates();
  readonly #large = new Mutex();
  readonly #settings = new Coalescer<LaneSettings>(SETTINGS_AGE_MS);
  readonly #ports: IngestionPorts;
  readonly #options: IngestionOptions;

  constructor(ports: IngestionPorts, options: IngestionOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#notifier = new LaneNotifier(ports);
    this.#inputs = new InputCounts(ports);
  }

  /** Ids of the messages that could not be handled and must be delivered again. */
  async ingest(messages: readonly IncomingMessage[]): Promise<string[]> {
    const stored = await Promise.allSettled(messages.map((message) => this.#storeAndAnnounce(message)));
    const lanes = stored.map((it) => (it.status === 'fulfilled' ? it.value : undefined));
    const waiting = [...new Set(lanes.filter((lane) => lane !== undefined))];
    const wakes = await this.#notifier.wakeThoseAsleep(waiting, this.#ports.clock.now());
    const outcomes = stored.map((storing, index) => wakes.get(lanes[index] ?? '') ?? storing);
    return messages.flatMap(({ id }, index) => {
      const outcome = outcomes[index];
      if (outcome?.status !== 'rejected') return [];
      const { name, message } = outcome.reason as Error;
      this.#ports.log('ingestion.failed', { message_id: id, error: name, reason: message });
      return [id];
    });
  }

  /** The lane in which the message's request waits now; undefined when it does not wait. */
  async #storeAndAnnounce(message: IncomingMessage): Promise<string | undefined> {
    const record = await this.#store(message);
    if (record?.status !== 'RECEIVED') return undefined;
    await this.#notifier.announce(record, this.#ports.clock.now());
    return record.lane;
  }

  /** The request's record as it is in the table; undefined when the message was rejected. */
  async #store(message: IncomingMessage): Promise<StoredRecord | undefined> {
    if (message.receiveCount > 1) {
      // What would be judged differently now (another quota, another object) keeps its first answer.
      const rejected = await this.#ports.records.read(rejectionId(message.id));
      if (rejected !== undefined) {
        await deliver(this.#ports, rejected);
        return undefined;
      }
    }
    let end = () => {};
    const beforeDownload = async (bytes: number) => {
      if (bytes > LARGE_BYTES) end = await this.#large.take();
    };
    try {
      return await this.#readAndStore(message, beforeDownload);
    } finally {
      end();
    }
  }

  async #readAndStore(
    message: IncomingMessage,
    beforeDownload: (bytes: number) => Promise<void>,
  ): Promise<StoredRecord | undefined> {
    const { weights, budgets, ...limits } = await this.#limits();
    const { reading, source } = await this.#read(message, limits, beforeDownload);
    if (reading.kind === 'cancellation') {
      await cancel(this.#ports, reading.requestId, message.id);
      return undefined;
    }
    if (reading.kind !== 'request') return this.#reject(message, refusalOf(reading));
    const { profiles, tenantProfiles } = limits;
    return this.#accept(message, reading.request, { source, profiles, tenantProfiles }, { weights, budgets });
  }

  async #limits(): Promise<IngestionOptions & MessageLimits & Shares> {
    const { clock, settings } = this.#ports;
    const read = await this.#settings.run('variables', clock.now(), () => settings.read());
    const { tenant_inference_profiles: tenantProfiles, results_queues: resultsQueues = [] } = read;
    const profiles = knownProfiles(read);
    return {
      ...this.#options,
      profiles,
      tenantProfiles,
      resultsQueues,
      weights: weightsIn(read),
      budgets: read.tenant_budgets,
    };
  }

  async #read(
    message: IncomingMessage,
    limits: IngestionOptions & MessageLimits,
    beforeDownload: (bytes: number) => Promise<void>,
  ): Promise<PointerReading> {
    const reading = readMessage(message.body, limits);
    if (reading.kind !== 'pointer') return { reading };
    const pointed = await readPointer(reading.pointer, this.#ports.inbox, limits, beforeDownload);
    if (pointed.reading.kind !== 'invalid' && pointed.reading.kind !== 'pointer') return pointed;
    const usable = { ...reading.usable, ...pointed.reading.usable };
    return { ...pointed, reading: { ...pointed.reading, usable } };
  }

  async #accept(
    message: IncomingMessage,
    request: Request,
    { source, profiles, tenantProfiles }: Pick<Acceptance, 'source' | 'profiles' | 'tenantProfiles'>,
    { weights, budgets }: Shares,
  ): Promise<StoredRecord | undefined> {
    const { records, payloads, clock, log } = this.#ports;
    const now = clock.now();
    const requestId = request.request_id ?? message.id;
    const call = { payload: request.call, body: request.body };
    const input = await this.#inputs.sizeOf(requestId, knownAs(request.model_id, profiles), call);
    const accepted = acceptedRecord(request, {
      requestId,
      messageId: message.id,
      acceptedAt: now,
      sentAt: message.sentAt,
      longestWaitSeconds: this.#options.longestWaitSeconds,
      source,
      profiles,
      tenantProfiles,
      input,
      shardOf: (queue) => this.#arrivals.shard(queue, now, this.#ports.random()),
    });
    const status = await this.#notifier.recentStatus(accepted.lane, now);
    const budget = ownOf(budgets, accepted.tenant);
    const start = this.#starts.expectedFor(accepted, status, weights, now, budget);
    const record = promised(accepted, start);
    const never =
      quotaViolation(record, input.least, certainLimits(status)) ??
      (request.if_too_late === 'refuse' ? lateness(record, start) : undefined);
    if (never !== undefined) {
      const standing = await records.read(record.request_id);
      const isOver = standing !== undefined && isExpired(standing, now);
      if (standing !== undefined && !isOver) return this.#meet(message, request, record, standing);
      return this.#reject(message, { error: never, usable: request, anonymous: isOver });
    }
    await payloads.put(record.payload_key, payloadText(call));
    const standing = await records.create(record);
    if (standing !== undefined) return this.#meet(message, request, record, standing);
    this.#starts.note(record, now);
    const { request_id, lane, priority, tenant, input_tokens, max_tokens } = record;
    log('request.received', { request_id, lane, priority, tenant, input_tokens, max_tokens });
    return record;
  }

  /** The id is taken: by the same request, which is then one request, or by another. */
  async #meet(
    message: IncomingMessage,
    request: Request,
    record: RequestRecord,
    standing: StoredRecord,
  ): Promise<StoredRecord | undefined> {
    if (standing.status === 'CANCEL_REQUESTED') return this.#replace(standing, record);
    // Without an id of its own, a request can only meet itself.
    const same = standing.content_hash === record.content_hash || request.request_id === undefined;
    if (!same) {
      const accepted = new Date(standing.accepted_at).toISOString();
      const error = requestError(
        'RequestIdConflict',
        `request_id: ${record.request_id} belongs to a request with other content, accepted at ${accepted} ` +
          `(now ${standing.status}). Give this one an id of its own`,
      );
      return this.#reject(message, { error, usable: request, anonymous: true });
    }
    const { request_id, status, generation } = standing;
    this.#ports.log('request.duplicate', { request_id, message_id: message.id, status, generation });
    return standing;
  }

  /** A cancellation came first: the request ends with it. */
  async #replace(cancellation: CancellationRecord, record: RequestRecord): Promise<StoredRecord | undefined> {
    const { records, clock, log } = this.#ports;
    const now = clock.now();
    // Its result may be left for the lane's leader, which knows registered lanes only.
    await this.#notifier.register(record, now);
    const moved = await records.move(replaceCancellation(cancellation, record, cancelled(record, now)));
    if (moved.applied) log('request.cancelled', { request_id: record.request_id });
    if (moved.record !== undefined && isOutcome(moved.record.status))
      await deliver(this.#ports, moved.record);
    return moved.record;
  }

  async #reject(message: IncomingMessage, { error, usable, anonymous }: Refusal): Promise<undefined> {
    const now = this.#ports.clock.now();
    const { request_id: given } = usable;
    const isTaken = given !== undefined && (anonymous ?? (await this.#isTaken(given, now)));
    const resultId = isTaken ? message.id : (given ?? message.id);
    const record = rejectedRecord(message, { error, resultId, usable }, now);
    const standing = await this.#ports.records.create(record);
    if (standing === undefined) {
      this.#ports.log('request.rejected', { request_id: resultId, message_id: message.id, type: error.type });
    }
    await deliver(this.#ports, standing ?? record);
  }

  /** By a request whose own result must not be mistaken for this one. */
  async #isTaken(requestId: string, now: number): Promise<boolean> {
    const standing = await this.#ports.records.read(requestId);
    return standing !== undefined && standing.status !== 'CANCEL_REQUESTED' && !isExpired(standing, now);
  }
}

function refusalOf(reading: Extract<Reading, { kind: 'invalid' | 'pointer' }>): Refusal {
  if (reading.kind === 'invalid') {
    return {
      error: requestError('InvalidMessage', describeProblems(reading.problems)),
      usable: reading.usable,
    };
  }
  return { error: nestedPointer(reading.pointer), usable: reading.usable };
}

function nestedPointer({ key }: Pointer): RequestError {
  return requestError(
    'InvalidMessage',
    `s3: the object that a pointer names must hold the message itself, and not another pointer (to ${key})`,
  );
}
