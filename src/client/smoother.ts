import type { BedrockRuntimeClient } from '@aws-sdk/client-bedrock-runtime';
import { awsPorts } from './aws-ports.ts';
import { type Connection, type ConnectionOptions, connect } from './connection.ts';
import { SmootherUsageError } from './errors.ts';
import { type HandleContext, type HandleOptions, RequestHandle } from './handle.ts';
import { bedrockClient } from './http/bedrock-client.ts';
import { BedrockCalls, type CallDefaults } from './http/calls.ts';
import { smootherFetch } from './http/fetch.ts';
import { Durations } from './pacing.ts';
import { RecordReader } from './reader.ts';
import { messageOf, type OutgoingMessage, type SubmitRequest } from './requests.ts';
import type { Result } from './result.ts';
import { resultsOf } from './results-queue.ts';
import { Sender } from './sender.ts';

/** Requests of `submitMany` that are on their way to the queue at once. */
const MOST_UNSENT = 200;

export interface SubmitManyOptions {
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

  /** @throws SmootherUsageError when the stack's outputs are missing or incomplete */
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
   * @throws SmootherUsageError when there is not exactly one call
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
   * @throws the error of the first request, in their order, that was not sent; those before it were
   */
  async submitMany(
    requests: Iterable<SubmitRequest> | AsyncIterable<SubmitRequest>,
    { signal, onProgress }: SubmitManyOptions = {},
  ): Promise<RequestHandle[]> {
    const handles: RequestHandle[] = [];
    const unsent: Promise<RequestHandle>[] = [];
    const settleOldest = async () => {
      const oldest = unsent.shift();
      if (oldest === undefined) return;
      const handle = await oldest;
      handles.push(handle);
      onProgress?.({ sent: handles.length, handle });
    };
    for await (const request of requests) {
      signal?.throwIfAborted();
      const sending = this.submit(request);
      // It is awaited in its turn.
      sending.catch(() => undefined);
      unsent.push(sending);
      if (unsent.length >= MOST_UNSENT) await settleOldest();
    }
    while (unsent.length > 0) await settleOldest();
    return handles;
  }

  /** Content hashes by id of those requests, a hundred at most, that are there already. */
  async known(requestIds: readonly string[]): Promise<Map<string, string>> {
    if (requestIds.length === 0) return new Map();
    const records = await this.#context.ports.read([...new Set(requestIds)]);
    return new Map(records.map(({ request_id, content_hash }) => [request_id, content_hash]));
  }

  /** A request that was sent before, by any process. With its `messageId`, a refusal is found too. */
  handle(requestId: string, options: HandleOptions = {}): RequestHandle {
    return new RequestHandle(requestId, this.#context, options);
  }

  /**
   * Results of requests that named a results queue, or of the shared queue. Each is deleted after the loop's body has run
   * for it, and stays hidden from others meanwhile.
   * @param options.queue one of the stack's `results_queues`. Default: the shared queue
   */
  results({ queue, signal }: { queue?: string; signal?: AbortSignal } = {}): AsyncGenerator<Result> {
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
    return new BedrockCalls(this, defaults, { region: this.#connection.outputs.region });
  }

  /** Closes the connections. Nobody may wait any more. */
  destroy(): void {
    for (const client of [this.#connection.sqs, this.#connection.dynamo, this.#connection.s3])
      client.destroy();
  }
}
