/**
 * The whole smoother in memory on a virtual clock: the logic of all five functions between an Input queue and a Results
 * queue, with redelivery, leases, schedule and stream as in AWS. Any call of a function can be made to fail or to be
 * its last. Calls take no time, so nothing but the fault makes the difference.
 */
import type { BatchQueue } from '../../core/batch/ports.ts';
import { cancel } from '../../core/ingestion/cancel.ts';
import type { Ingestion } from '../../core/ingestion/ingestion.ts';
import { invokeBatch } from '../../core/invocation/batch.ts';
import type { TenantBudget } from '../../core/lane/budgets.ts';
import {
  type PrioritizationEvent,
  type PrioritizationSettings,
  prioritize,
} from '../../core/prioritization/prioritize.ts';
import { reportBatch } from '../../core/reporting/batch.ts';
import type { HoldMessage } from '../../core/request/hold-message.ts';
import { payloadKey } from '../../core/request/keys.ts';
import type { Payloads, Records } from '../../core/request/ports.ts';
import { isOutcome, isRequest } from '../../core/request/record.ts';
import type { ResultMessage } from '../../core/request/result.ts';
import { leaseMs } from '../../core/request/times.ts';
import {
  createMemoryCloud,
  type MemoryBatchPorts,
  type MemoryCloud,
  type MemoryPorts,
} from '../../memory/cloud.ts';
import { createReportRows } from '../../memory/reporting.ts';
import { VISIBILITY_PER_TIMEOUT } from '../../stack/timeouts.ts';
import { VirtualClock } from '../simulation/virtual-clock.ts';
import { type BedrockLimits, ScriptedBedrock } from './bedrock.ts';
import { PortFailure } from './errors.ts';
import {
  BUNDLE_MS,
  type FunctionName,
  Functions,
  LANE,
  LEAST_PART_BYTES,
  MODEL,
  QUEUE,
  type Sabotage,
  TIMEOUTS_MS,
} from './functions.ts';
import type { CallInterceptor, Instance } from './instance.ts';
import { RedeliveringQueue } from './queue.ts';
import { ChangeStream } from './stream.ts';

const MAXIMUM_RECEIVES = 5;
const SCHEDULE_MS = 60_000;
const WAKE_MS = 20;
/** Slow, but within what a leader waits for before it sleeps (INDEX_GRACE_MS in backlog-view.ts). */
export const INDEX_LAG_MS = 2_000;
const BEGIN_MS = Date.UTC(2026, 10, 2, 9, 0, 0);
/** The schedule's first minute begins this long after the start. */
const FIRST_SCHEDULE_MS = 40_000;
const LOOK_EVERY_MS = 5_000;

/** A fault in the function's nth invocation, counted from 0. */
export interface Injection {
  function: FunctionName;
  invocation: number;
  fault: CallInterceptor;
}

export interface PipelineOptions {
  injections?: readonly Injection[];
  limits?: BedrockLimits;
  /** Of tenants. */
  budgets?: Record<string, TenantBudget>;
  sabotage?: Sabotage;
  /** No function starts by itself before {@link Pipeline.settle}, so that instances can be driven by hand first. */
  standsStill?: boolean;
}

export class Pipeline {
  readonly clock = new VirtualClock(BEGIN_MS);
  readonly beganAt = BEGIN_MS;
  readonly cloud: MemoryCloud;
  readonly bedrock: ScriptedBedrock;
  readonly input: RedeliveringQueue;
  readonly hold: RedeliveringQueue;
  readonly batches: RedeliveringQueue;
  readonly stream: ChangeStream;
  readonly rows = createReportRows();
  readonly results: { at: number; result: ResultMessage; queue?: string }[] = [];
  /** Things that must never happen, recorded when they did. */
  readonly faults: string[] = [];
  /** The ports beneath all instances, where calls take effect. */
  readonly ports: MemoryPorts;
  readonly batchPorts: MemoryBatchPorts & { queue: BatchQueue };
  readonly functions: Functions;
  readonly settings: PrioritizationSettings;
  /** Requests whose payload disappears as soon as it is written. */
  readonly payloadsLost = new Set<string>();
  /** How often the payload of a request cannot be read, by request. */
  readonly payloadsUnreadable = new Map<string, number>();
  /** Requests that are taken back at each of their releases. */
  readonly takenBack = new Set<string>();
  readonly #injections: readonly Injection[];
  readonly #invocations = new Map<FunctionName, number>();
  #running = 0;
  #started = false;
  readonly #wakes: string[][] = [];
  #ingestion: { instance: Instance; logic: Ingestion } | undefined;

  constructor({ injections = [], limits, budgets = {}, sabotage = {}, standsStill }: PipelineOptions = {}) {
    const { clock } = this;
    this.#injections = injections;
    const quota = limits ?? { requestsPerMinute: 600, tokensPerMinute: 1_000_000 };
    this.cloud = createMemoryCloud({
      clock,
      indexLagMs: INDEX_LAG_MS,
      leastPartBytes: LEAST_PART_BYTES,
      settings: {
        results_queues: [QUEUE],
        tenant_budgets: budgets,
        quota_overrides: {
          [LANE]: {
            requests_per_minute: quota.requestsPerMinute,
            tokens_per_minute: quota.tokensPerMinute,
          },
        },
      },
      onResult: (result, queue) => void this.results.push({ at: clock.now(), result, queue }),
      onWake: (lanes) => this.#wake(lanes),
    });
    this.bedrock = new ScriptedBedrock(clock, MODEL, quota, (id) => this.#checkCall(id));
    this.stream = new ChangeStream({ clock, deliver: (batch) => this.#report(batch) });
    const shared = { clock, maximumReceives: MAXIMUM_RECEIVES };
    this.input = new RedeliveringQueue({
      ...shared,
      name: 'input',
      batchSize: 10,
      visibilityMs: VISIBILITY_PER_TIMEOUT * TIMEOUTS_MS.ingestion,
      deliver: (batch) => this.#ingest(batch),
      acknowledgesFirst: sabotage.ingestionAcknowledgesFirst,
    });
    this.hold = new RedeliveringQueue({
      ...shared,
      name: 'hold',
      batchSize: 1,
      visibilityMs: VISIBILITY_PER_TIMEOUT * TIMEOUTS_MS.invocation,
      deliver: (batch) => this.#invoke(batch),
    });
    this.batches = new RedeliveringQueue({
      ...shared,
      name: 'batches',
      batchSize: 1,
      visibilityMs: VISIBILITY_PER_TIMEOUT * TIMEOUTS_MS.batch,
      deliver: (messages) => this.#carryOn(messages),
    });
    this.batchPorts = {
      ...this.cloud.batchPorts,
      queue: {
        send: async (continuation, delaySeconds) => {
          this.batches.send(JSON.stringify(continuation), delaySeconds * 1_000);
        },
      },
    };
    const records = sabotage.records?.(this.cloud.ports.records) ?? this.cloud.ports.records;
    const held = {
      send: async (messages: readonly HoldMessage[]) => {
        for (const message of messages) this.hold.send(JSON.stringify(message));
        const released = messages.flatMap(({ releases }) => releases.map(({ request_id }) => request_id));
        for (const id of released) if (this.takenBack.has(id)) await this.#takeBack(id);
      },
    };
    const payloads = this.#failing(this.cloud.ports.payloads);
    this.ports = { ...this.cloud.ports, records: this.#streamed(records), payloads, hold: held };
    this.functions = new Functions(this, sabotage);
    this.settings = {
      engine: {
        averageRequestMs: 5_000,
        minutesToProcess: 5,
        leaseMs: leaseMs(BUNDLE_MS),
      },
      workers: 10,
      queueDepthThreshold: 1_000,
      metricsNamespace: 'crash',
    };
    if (standsStill) for (const queue of this.queues) queue.stop();
    else this.#start();
  }

  get queues(): readonly RedeliveringQueue[] {
    return [this.input, this.hold, this.batches];
  }

  /** Whether nothing waits, runs, or is on its way. */
  get isSettled(): boolean {
    const open = [...this.cloud.table.all()].some(
      ({ status, due_key }) => due_key !== undefined || !(isOutcome(status) || status === 'CANCEL_REQUESTED'),
    );
    const isMoving = this.#running > 0 || this.queues.some(({ size }) => size > 0);
    return !open && !isMoving && this.cloud.leases().length === 0 && this.stream.isEmpty;
  }

  /** Lets time pass until everything has come to rest, but not longer than this. Returns whether it has. */
  async settle(withinMs: number): Promise<boolean> {
    if (!this.#started) this.#start();
    const until = this.clock.now() + withinMs;
    while (this.clock.now() < until) {
      await this.clock.run(Math.min(until, this.clock.now() + LOOK_EVERY_MS));
      if (this.isSettled) return true;
    }
    return false;
  }

  #start(): void {
    this.#started = true;
    for (const queue of this.queues) queue.start();
    for (const lanes of this.#wakes.splice(0)) this.#wake(lanes);
    const everyMinute = (at: number) =>
      this.clock.at(at, () => {
        this.#leadAt(at, {});
        everyMinute(at + SCHEDULE_MS);
      });
    everyMinute(this.clock.now() + FIRST_SCHEDULE_MS);
  }

  #wake(lanes: string[]): void {
    if (this.#started) this.#leadAt(this.clock.now() + WAKE_MS, { lanes });
    else this.#wakes.push(lanes);
  }

  #leadAt(at: number, event: PrioritizationEvent): void {
    this.clock.at(at, () =>
      this.clock.spawn(async () => {
        const instance = this.functions.instance('prioritization');
        const ports = this.functions.prioritizationPorts(instance);
        // A failure is not reported to anybody; the next minute starts another run.
        await this.#run(instance, () => prioritize(ports, this.settings, event)).catch(ignore);
      }),
    );
  }

  async #ingest(batch: { id: string; body: string; sentAt: number; receiveCount: number }[]) {
    const { instance, logic } = this.#idleIngestion();
    this.#ingestion = undefined;
    const failed = await this.#run(instance, () => logic.ingest(batch));
    this.#ingestion = { instance, logic };
    return failed;
  }

  /** A container is used again for the next batch, unless it died. */
  #idleIngestion(): { instance: Instance; logic: Ingestion } {
    if (this.#ingestion !== undefined) return this.#ingestion;
    const instance = this.functions.instance('ingestion');
    return { instance, logic: this.functions.ingestion(instance) };
  }

  #invoke(batch: { id: string; body: string }[]): Promise<string[]> {
    const instance = this.functions.instance('invocation');
    const ports = this.functions.invocationPorts(instance, this.clock.now() + TIMEOUTS_MS.invocation);
    const messages = batch.map(({ id, body }) => ({ messageId: id, body }));
    return this.#run(instance, () => invokeBatch(ports, messages));
  }

  #carryOn(messages: { id: string; body: string }[]): Promise<string[]> {
    const instance = this.functions.instance('batch');
    return this.#run(instance, () => this.functions.batch(instance).handle(messages));
  }

  #report(batch: Parameters<typeof reportBatch>[1]): Promise<string[]> {
    const instance = this.functions.instance('reporting');
    const rows = this.functions.reportRows(instance);
    return this.#run(instance, () => reportBatch(rows, batch, ignore));
  }

  async #run<T>(instance: Instance, work: () => Promise<T>): Promise<T> {
    const name = instance.functionName as FunctionName;
    const nth = this.#invocations.get(name) ?? 0;
    this.#invocations.set(name, nth + 1);
    const injection = this.#injections.find((it) => it.function === name && it.invocation === nth);
    this.#running += 1;
    try {
      return await instance.run(work, TIMEOUTS_MS[name], injection?.fault);
    } finally {
      this.#running -= 1;
    }
  }

  /** Every write becomes a change in the stream. */
  #streamed(records: Records): Records {
    return {
      ...records,
      create: async (record) => {
        const standing = await records.create(record);
        if (standing === undefined) {
          const isLost = this.payloadsLost.has(record.request_id);
          if (isLost && isRequest(record)) this.cloud.bucket.remove(record.payload_key);
          this.stream.append(record);
        }
        return standing;
      },
      move: async (transition) => {
        const moved = await records.move(transition);
        if (!moved.applied) return moved;
        this.stream.append(moved.record);
        return moved;
      },
    };
  }

  #takeBack(requestId: string): Promise<void> {
    const { ports, clock } = this;
    return cancel({ ...ports, clock, log: ignore }, requestId, 'cancel');
  }

  #failing(payloads: Payloads): Payloads {
    return {
      ...payloads,
      get: async (key) => {
        for (const [id, times] of this.payloadsUnreadable) {
          if (times === 0 || !key.startsWith(payloadKey(id, '', 0))) continue;
          this.payloadsUnreadable.set(id, times - 1);
          throw new PortFailure('payloads.get');
        }
        return payloads.get(key);
      },
    };
  }

  #checkCall(requestId: string): void {
    for (const record of this.cloud.table.all()) {
      if (record.request_id !== requestId || record.status === 'IN_PROGRESS') continue;
      this.faults.push(`${requestId}: Bedrock was called while the request was ${record.status}`);
    }
  }
}

function ignore(): void {}
