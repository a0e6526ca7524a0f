/** Takes batch files through their phases, over as many invocations as it takes. */
import type { IncomingMessage } from '../ingestion/incoming.ts';
import { expiry } from '../request/transitions.ts';
import {
  type Batch,
  batchIdOf,
  batchNamedIn,
  type DroppedFile,
  type ENDS,
  hasEnded,
  keyProblem,
  keysOfName,
  NO_COUNTS,
  nameOf,
  nameOfCancel,
  outputKeys,
} from './batch.ts';
import { cancelLines } from './cancel-lines.ts';
import { BatchFileError, TurnTakenError } from './errors.ts';
import { START } from './file-lines.ts';
import { type BatchReport, countsOf, failureOf, type Manifest, reportOf, subjectOf } from './manifest.ts';
import { readOptions } from './options.ts';
import { type Order, readOrders } from './orders.ts';
import type { Batches, BatchQueue, BatchTopic } from './ports.ts';
import { STEP_SIZES, type Step, type StepPorts, type StepSizes } from './step.ts';
import { takeIn } from './take-in.ts';
import { watch } from './watch.ts';
import { writePart } from './write-output.ts';

export interface BatchPorts extends Omit<StepPorts, 'sizes'> {
  batches: Batches;
  queue: BatchQueue;
  topic: BatchTopic;
}

export interface BatchRunnerOptions {
  /** The calls bucket. */
  bucket: string;
  longestWaitSeconds: number;
  sizes?: StepSizes;
}

/** As Bedrock's limit of a batch job's input. */
const MAX_FILE_BYTES = 5 * 1024 ** 3;
/** An invocation begins no step after this time. Its timeout leaves three times as much for the last step. */
const WORK_MS = 30_000;
const JSON_TYPE = 'application/json';

export class BatchRunner {
  readonly #ports: BatchPorts & StepPorts;
  readonly #options: BatchRunnerOptions;

  constructor(ports: BatchPorts, options: BatchRunnerOptions) {
    this.#ports = { ...ports, sizes: options.sizes ?? STEP_SIZES };
    this.#options = options;
  }

  /** Ids of the messages that could not be handled and must be delivered again. */
  async handle(messages: readonly Pick<IncomingMessage, 'id' | 'body'>[]): Promise<string[]> {
    const failed: string[] = [];
    for (const { id, body } of messages) {
      try {
        for (const order of readOrders(body)) await this.#follow(order);
      } catch (error) {
        const { name, message } = error as Error;
        this.#ports.log('batch.failed', { message_id: id, error: name, reason: message });
        failed.push(id);
      }
    }
    return failed;
  }

  async #follow(order: Order): Promise<void> {
    if (order.kind === 'continuation') {
      return this.#carryOn(order.continuation.batch_id, order.continuation.turn);
    }
    if (order.kind === 'nothing') return;
    const { file, at } = order;
    if (nameOf(file.key) !== undefined) {
      const batchId = await this.#open(file);
      if (batchId !== undefined) await this.#carryOn(batchId, 0);
      return;
    }
    const name = nameOfCancel(file.key);
    if (name !== undefined) await this.#cancel(name, at);
  }

  /** Returns the id of the file's batch, and creates the batch unless it exists. Undefined: the file cannot be a batch. */
  async #open(file: DroppedFile): Promise<string | undefined> {
    const { batches, files, clock, log } = this.#ports;
    const batchId = batchIdOf(file);
    if ((await batches.read(batchId)) !== undefined) return batchId;
    const described = await files.describe(file.key, file.version_id);
    if (described?.file.etag !== file.etag) {
      // The file was deleted, or it was replaced. In that case there is another message about the new file.
      log('batch.without_file', { batch_id: batchId });
      return undefined;
    }
    const besides = await files.text(keysOfName(nameOf(file.key) ?? '').options);
    const now = clock.now();
    const sources = { metadata: described.metadata, besides };
    const reading = readOptions(sources, now, this.#options.longestWaitSeconds);
    const problem = 'problem' in reading ? reading.problem : (sizeProblem(file) ?? keyProblem(file));
    if ('problem' in reading || problem !== undefined) {
      await this.#tellFailure(file, problem ?? '');
      return undefined;
    }
    const { options, deadlineAt } = reading;
    await batches.create({
      ...file,
      v: 1,
      batch_id: batchId,
      options,
      created_at: now,
      deadline_at: deadlineAt,
      status: 'TAKING_IN',
      turn: 0,
      since_turn: 0,
      position: START,
      records: 0,
      seen: NO_COUNTS,
      written: NO_COUNTS,
    });
    log('batch.opened', { batch_id: batchId, bytes: file.bytes, ...options });
    return batchId;
  }

  /**
   * Cancels the batch that the cancellation names, or else that of the file which is there now, unless it came after the cancellation:
   * messages come late, twice and in any order.
   */
  async #cancel(name: string, at = Number.POSITIVE_INFINITY): Promise<void> {
    const { batches, files, log } = this.#ports;
    const keys = keysOfName(name);
    const named = batchNamedIn(await files.text(keys.cancel));
    if (named !== undefined && (await batches.read(named))?.key === keys.input)
      return this.#requestCancel(named);
    const described = await files.describe(keys.input);
    if (described === undefined) return;
    const batch_id = batchIdOf(described.file);
    const outdated = () => log('batch.cancel_outdated', { batch_id });
    if (named !== undefined && named !== batch_id) return outdated();
    if (described.modified_at > at) {
      // The same content may have been uploaded once more.
      const batch = await batches.read(batch_id);
      if (batch === undefined || batch.created_at > at) return outdated();
    }
    const batchId = await this.#open(described.file);
    if (batchId !== undefined) await this.#requestCancel(batchId);
  }

  async #requestCancel(batchId: string): Promise<void> {
    await this.#ports.batches.requestCancel(batchId, this.#ports.clock.now());
    this.#ports.log('batch.cancel_requested', { batch_id: batchId });
  }

  /**
   * Works until the time is up, until there is nothing to do for a while, or until the batch has ended. Another message then
   * continues the batch. After a crash, the same message is delivered again. It has no effect once its successor has begun.
   * @param sinceTurn the turn that the message was sent in
   */
  async #carryOn(batchId: string, sinceTurn: number): Promise<void> {
    const { batches, queue, clock, log } = this.#ports;
    const until = clock.now() + WORK_MS;
    let batch = await batches.read(batchId);
    if (batch === undefined || hasEnded(batch) || sinceTurn < batch.since_turn) {
      return log('batch.message_without_effect', { batch_id: batchId, turn: sinceTurn });
    }
    for (;;) {
      const { progress, restMs } = await this.#step(batch);
      const saved: Batch | undefined = await batches.save(batch, sinceTurn, progress);
      // The other invocation continues the batch. This message is delivered again, in case that invocation was started by a
      // duplicate of it and dies.
      if (saved === undefined) throw new TurnTakenError(batchId, batch.turn);
      if (saved.status !== batch.status) log('batch.phase', { batch_id: batchId, status: saved.status });
      batch = saved;
      if (hasEnded(batch)) return;
      if (restMs === undefined && clock.now() < until) continue;
      await this.#show(batch, this.#reportOf(batch), countsOf(batch));
      return queue.send({ v: 1, batch_id: batchId, turn: batch.turn }, Math.ceil((restMs ?? 0) / 1_000));
    }
  }

  async #step(batch: Batch): Promise<Step> {
    try {
      switch (batch.status) {
        case 'TAKING_IN':
          return await takeIn(this.#ports, batch);
        case 'CANCELLING':
          return await cancelLines(this.#ports, batch);
        case 'WAITING':
          return await watch(this.#ports, batch);
        case 'WRITING':
          return await writePart(this.#ports, batch);
        default:
          return await this.#close(batch);
      }
    } catch (error) {
      if (!(error instanceof BatchFileError)) throw error;
      await this.#tellFailure(batch, error.message);
      return this.#ended('FAILED');
    }
  }

  /** When it is repeated after a crash, it writes and says the same again. */
  async #close(batch: Batch): Promise<Step> {
    const status = batch.cancelled ? 'CANCELLED' : 'COMPLETED';
    await this.#tellEnd(batch, this.#reportOf({ ...batch, status }), countsOf(batch));
    return this.#ended(status);
  }

  #ended(status: (typeof ENDS)[number]): Step {
    const now = this.#ports.clock.now();
    return { progress: { status, finished_at: now, ...expiry(now) } };
  }

  #reportOf(batch: Batch): BatchReport {
    return reportOf(batch, this.#options.bucket, this.#ports.clock.now());
  }

  async #tellFailure(file: DroppedFile, problem: string): Promise<void> {
    this.#ports.log('batch.refused', { batch_id: batchIdOf(file), problem });
    const { bucket } = this.#options;
    await this.#tellEnd(file, failureOf(file, problem, { bucket, now: this.#ports.clock.now() }));
  }

  async #tellEnd(file: DroppedFile, report: BatchReport, counts?: Manifest): Promise<void> {
    await this.#show(file, report, counts);
    await this.#ports.topic.publish(subjectOf(report), report);
  }

  async #show(file: DroppedFile, report: BatchReport, counts?: Manifest): Promise<void> {
    const { progress, manifest } = outputKeys(file);
    const put = (key: string, content: object) =>
      this.#ports.files.put(key, JSON.stringify(content), JSON_TYPE);
    if (counts !== undefined) await put(manifest, counts);
    await put(progress, report);
  }
}

function sizeProblem({ bytes }: DroppedFile): string | undefined {
  return bytes > MAX_FILE_BYTES
    ? `the file must have at most ${MAX_FILE_BYTES} bytes, has ${bytes}`
    : undefined;
}
