import type { BedrockRuntimeClient } from '@aws-sdk/client-bedrock-runtime';
import { describe } from '../core/request/problem.ts';
import { awsPorts } from './aws-ports.ts';
import { type Connection, type ConnectionOptions, connect } from './connection.ts';
import { SmootherUsageError, SubmitManyError } from './errors.ts';
import { type HandleContext, type HandleOptions, RequestHandle } from './handle.ts';
import { bedrockClient } from './http/bedrock-client.ts';
import { BedrockCalls, type CallDefaults } from './http/calls.ts';
import { smootherFetch } from './http/fetch.ts';
import { checkOptions } from './options.ts';
import { Durations } from './pacing.ts';
import { RecordReader } from './reader.ts';
import { checkRecordId, checkRequestId, isRequestId } from './request-id.ts';
import { messageOf, type OutgoingMessage, type SubmitRequest } from './requests.ts';
import type { Result } from './result.ts';
import { resultsOf } from './results-queue.ts';
import { Sender } from './sender.ts';
import { untilAborted } from './until-aborted.ts';

/** Requests of `submitMany` that are on their way to the queue at once. */
const MOST_UNSENT = 200;

export interface SubmitManyOptions {
  /** Ends it, also while the next request is waited for. What is on its way is still sent. */
  signal?: AbortSignal;
  /** Called after each request that the queue has taken. */
  onProgress?: (progress: { sent: number; handle: RequestHandle }) => void;
}

/**
 * The smoother, for those who have requests. One for a process is enough: it reads for all who wait.
 *
 * @example
 * const smoother = new Smoother({ outputs: 'outputs.json' });
 * const handle = await smoother.submit({ modelId, converse: { messages } });
 * const { output } = await handle.result();
 */
export class Smoother {
  readonly #connection: Connection;
  readonly #context: HandleContext;

  /** @throws SmootherUsageError when an option is unknown, or the stack's outputs are missing or incomplete */
  constructor(options: ConnectionOptions = {}) {
    this.#connection = connect(options);
    const ports = awsPorts(this.#connection);
    this.#context = {
      ports,
      reader: new RecordReader(ports),
      sender: new Sender(ports),
      durations: new Durations(),
    };
  }

  /**
   * Sends one request. It is accepted, or refused, a moment later: its handle tells.
   * @throws SmootherUsageError when an option is unknown, or there is not exactly one call
   * @throws MessageRefusedError when the queue does not take the message
   */
  async submit(request: SubmitRequest): Promise<RequestHandle> {
    return this.send(messageOf(request));
  }

  /** Sends a message that has been written already; `submit` writes it from a request. @throws MessageRefusedError */
  async send({ requestId, contentHash, body }: OutgoingMessage): Promise<RequestHandle> {
    const messageId = await this.#context.sender.send(body);
    return new RequestHandle(requestId, this.#context, { messageId, contentHash });
  }

  /**
   * Sends many requests in batches, and takes no more of them than the queue does. Handles come in the order of the requests.
   * After the first that cannot be sent, those that are on their way are still sent. At most one more request is read, and is not
   * sent.
   * @throws SubmitManyError with the handles of all that were sent
   */
  async submitMany(
    requests: Iterable<SubmitRequest> | AsyncIterable<SubmitRequest>,
    options: SubmitManyOptions = {},
  ): Promise<RequestHandle[]> {
    checkOptions<SubmitManyOptions>(options, { signal: true, onProgress: true });
    const { signal, onProgress } = options;
    const handles: RequestHandle[] = [];
    const unsent: Promise<void>[] = [];
    const failures: unknown[] = [];
    const tell = async (before: Promise<void> | undefined, sending: Promise<RequestHandle>) => {
      await before;
      try {
        const handle = await sending;
        handles.push(handle);
        onProgress?.({ sent: handles.length, handle });
      } catch (error) {
        failures.push(error);
      }
    };
    try {
      for await (const request of untilAborted(requests, signal)) {
        if (failures.length > 0) break;
        const sending = this.send(messageOf(request));
        // A failure stops the reading at once, and not only when its turn has come.
        sending.catch((error: unknown) => failures.push(error));
        unsent.push(tell(unsent.at(-1), sending));
        if (unsent.length >= MOST_UNSENT) await unsent.shift();
        if (failures.length > 0) break;
      }
    } catch (error) {
      failures.push(error);
    }
    await unsent.at(-1);
    if (failures.length > 0) throw new SubmitManyError(handles, failures[0]);
    return handles;
  }

  /**
   * Content hashes by id of those requests, a hundred at most, that are there already.
   * @throws SmootherUsageError for an id that no request can have
   */
  async known(requestIds: readonly string[]): Promise<Map<string, string>> {
    if (requestIds.length === 0) return new Map();
    requestIds.forEach(checkRequestId);
    const records = await this.#context.ports.read([...new Set(requestIds)]);
    return new Map(records.map(({ request_id, content_hash }) => [request_id, content_hash]));
  }

  /**
   * A request that was sent before, by any process. With its `messageId`, a refusal is found too; so is it under `rejected/` and
   * that id in place of the request's.
   * @throws SmootherUsageError for an id that no request can have, unless the refusal can be found
   */
  handle(requestId: string, options: HandleOptions = {}): RequestHandle {
    checkOptions<HandleOptions>(options, { messageId: true, contentHash: true });
    const { messageId } = options;
    if (messageId === undefined) {
      checkRecordId(requestId);
    } else if (!isRequestId(messageId)) {
      throw new SmootherUsageError(`messageId: must be the id of an SQS message, got ${describe(messageId)}`);
    }
    return new RequestHandle(requestId, this.#context, options);
  }

  /**
   * Results of requests that named a results queue, or of the shared queue. Each is deleted after the loop's body has run
   * for it, and stays hidden from others meanwhile.
   * @param options.queue one of the stack's `results_queues`. Default: the shared queue
   */
  results(options: { queue?: string; signal?: AbortSignal } = {}): AsyncGenerator<Result> {
    checkOptions<typeof options>(options, { queue: true, signal: true });
    const { queue, signal } = options;
    const { sqs, outputs } = this.#connection;
    const url = queue === undefined ? outputs.bedrock_results_queue_url : outputs.results_queue_urls?.[queue];
    if (url === undefined) {
      const known = Object.keys(outputs.results_queue_urls ?? {}).join(', ') || 'none';
      throw new SmootherUsageError(
        `queue: must be one of the results queues (${known}), got ${queue ?? 'none'}`,
      );
    }
    return resultsOf(sqs, url, this.#context.ports.output, signal);
  }

  /**
   * A `BedrockRuntimeClient` whose calls go through the smoother: the SDK's own client, with its own commands, outputs and
   * exceptions. Streams answer in one go when the result is there.
   */
  bedrock(defaults: CallDefaults = {}): BedrockRuntimeClient {
    return bedrockClient(this.calls(defaults), this.#connection);
  }

  /** A `fetch` that answers Bedrock's HTTP API through the smoother, whatever the host, and passes nothing else on. */
  fetch(defaults: CallDefaults = {}): typeof fetch {
    return smootherFetch(this.calls(defaults));
  }

  /** Calls as Bedrock's HTTP API takes them; what `bedrock`, `fetch` and the sidecar have in common. */
  calls(defaults: CallDefaults = {}): BedrockCalls {
    const { region, credentials } = this.#connection.sqs.config;
    return new BedrockCalls(this, defaults, { region, credentials });
  }

  /** Closes the connections. Nobody may wait any more. */
  destroy(): void {
    for (const client of [this.#connection.sqs, this.#connection.dynamo, this.#connection.s3])
      client.destroy();
  }
}
