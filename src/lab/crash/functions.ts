/** Instances of the five functions, each with ports of its own, and with the timeouts of the stack. */
import { BatchRunner } from '../../core/batch/batch-runner.ts';
import { NO_INBOX, NO_RESULTS } from '../../core/batch/no-messages.ts';
import type { BatchQueue } from '../../core/batch/ports.ts';
import { Ingestion } from '../../core/ingestion/ingestion.ts';
import { laneOf } from '../../core/lane/catalog/catalog.ts';
import type { ReportRows } from '../../core/reporting/ports.ts';
import { DEFAULT_MAX_ATTEMPTS } from '../../core/request/attempts.ts';
import type { Records } from '../../core/request/ports.ts';
import type { MemoryBatchPorts, MemoryPorts } from '../../memory/cloud.ts';
import type { VirtualClock } from '../simulation/virtual-clock.ts';
import type { ScriptedBedrock } from './bedrock.ts';
import { Instance } from './instance.ts';

export const MODEL = 'amazon.nova-lite-v1:0';
export const LANE = laneOf(MODEL);
export const BUCKET = 'calls';
/** A results queue with a name of its own. */
export const QUEUE = 'nightly';
/** So small that a file of a few lines has every kind of step more than once. */
const STEP_SIZES = { lines: 3, partBytes: 1_000 };
export const LEAST_PART_BYTES = STEP_SIZES.partBytes;
const LONGEST_WAIT_SECONDS = 6 * 24 * 3_600;
const HOME = { accountId: '123456789012', region: 'us-east-1' };

/** As in the stack; invocation's is one in which it takes others along for a while. */
export const TIMEOUTS_MS = {
  ingestion: 60_000,
  prioritization: 120_000,
  invocation: 60_000,
  reporting: 60_000,
  batch: 120_000,
} as const;
/** What a worker has for a bundle: the smallest that the variable allows. */
export const BUNDLE_MS = 30_000;
export type FunctionName = keyof typeof TIMEOUTS_MS;

/** For control tests: one of the mechanisms is taken out. */
export interface Sabotage {
  records?: (records: Records) => Records;
  ports?: <Ports extends object>(functionName: FunctionName, ports: Ports) => Ports;
  ingestionAcknowledgesFirst?: boolean;
}

/** What the functions run on: time, ports and Bedrock. */
export interface Ground {
  clock: VirtualClock;
  /** Where calls take effect. */
  ports: MemoryPorts;
  batchPorts: MemoryBatchPorts & { queue: BatchQueue };
  rows: ReportRows;
  bedrock: ScriptedBedrock;
}

export class Functions {
  readonly #ground: Ground;
  readonly #sabotage: Sabotage;

  constructor(ground: Ground, sabotage: Sabotage) {
    this.#ground = ground;
    this.#sabotage = sabotage;
  }

  instance(functionName: FunctionName): Instance {
    return new Instance(functionName, this.#ground.clock);
  }

  /** A new container of ingestion on this instance. */
  ingestion(instance: Instance): Ingestion {
    const ports = { ...this.#connect(instance, this.#ground.ports), clock: instance.clock, log: ignore };
    return new Ingestion(
      { ...ports, random: () => 0 },
      { bucket: BUCKET, home: HOME, longestWaitSeconds: LONGEST_WAIT_SECONDS },
    );
  }

  /** A new container of the batch function on this instance. */
  batch(instance: Instance): BatchRunner {
    const { ports: shared, batchPorts } = this.#ground;
    const connected = this.#connect(instance, { ...shared, ...batchPorts });
    const ports = { ...connected, inbox: NO_INBOX, results: NO_RESULTS, clock: instance.clock, log: ignore };
    const options = { bucket: BUCKET, longestWaitSeconds: LONGEST_WAIT_SECONDS };
    const ingestion = new Ingestion({ ...ports, random: () => 0 }, { ...options, home: HOME });
    return new BatchRunner(
      { ...ports, ingest: (messages) => ingestion.ingest(messages) },
      { ...options, sizes: STEP_SIZES },
    );
  }

  prioritizationPorts(instance: Instance) {
    const ports = this.#connect(instance, this.#ground.ports);
    return { ...ports, clock: instance.clock, log: ignore, emit: ignore, maxAttempts: DEFAULT_MAX_ATTEMPTS };
  }

  /** @param deadline epoch milliseconds at which the invocation is stopped */
  invocationPorts(instance: Instance, deadline: number) {
    const { clock, ports, bedrock } = this.#ground;
    return {
      ...this.#connect(instance, { ...ports, model: { call: bedrock.call.bind(bedrock) } }),
      clock: instance.clock,
      log: ignore,
      bucket: BUCKET,
      maxAttempts: DEFAULT_MAX_ATTEMPTS,
      sendsTenant: true,
      memoryMegabytes: 512,
      remainingMs: () => deadline - clock.now(),
      bundleMs: BUNDLE_MS,
    };
  }

  reportRows(instance: Instance): ReportRows {
    return this.#connect(instance, { rows: this.#ground.rows }).rows;
  }

  #connect<Ports extends object>(instance: Instance, ports: Ports): Ports {
    const connected = instance.connect(ports);
    return this.#sabotage.ports?.(instance.functionName as FunctionName, connected) ?? connected;
  }
}

function ignore(): void {}
