/** Bedrock's HTTP API answered through the smoother: what the drop-in client, `fetch` and the sidecar have in common. */
import {
  BedrockRuntimeClient,
  type BedrockRuntimeClientConfig,
  BedrockRuntimeServiceException,
  CountTokensCommand,
  type CountTokensCommandInput,
} from '@aws-sdk/client-bedrock-runtime';

import { parseJson } from '../../core/request/json.ts';
import type { Priority } from '../../core/request/record.ts';
import { BedrockError, type BedrockErrorType } from '../../wire/errors.ts';
import { EVENT_STREAM_TYPE } from '../../wire/event-stream.ts';
import { encodeJson, isObject, type JsonObject } from '../../wire/json.ts';
import { parseBody } from '../../wire/message.ts';
import { type OperationName, operationOf } from '../../wire/operations.ts';
import { decodeBinaries, encodeBinaries } from '../binary.ts';
import { SmootherUsageError } from '../errors.ts';
import type { RequestHandle } from '../handle.ts';
import { checkNames, checkOptions } from '../options.ts';
import { COMMON_OPTIONS, type RequestOptions, type SubmitRequest } from '../requests.ts';
import type { Result } from '../result.ts';
import { MessageRefusedError } from '../sender.ts';
import { bedrockErrorOf } from './errors.ts';
import { bodyChunks, converseEvents } from './streams.ts';

/** What all calls have in common, unless a call's own headers (`x-smoother-priority` and the like) say otherwise. */
export type CallDefaults = Omit<RequestOptions, 'results' | 'metadata'>;

export interface HttpCall {
  method: string;
  /** With its leading slash, without the query. */
  path: string;
  /** By lower-case names. */
  headers: Readonly<Record<string, string | undefined>>;
  body: string;
}

export interface HttpAnswer {
  status: number;
  headers: Record<string, string>;
  body: Uint8Array;
}

/** For what is passed on to Bedrock. Default: as the SDK finds them. */
type Direct = Pick<BedrockRuntimeClientConfig, 'region' | 'credentials'>;

interface Submitter {
  submit(request: SubmitRequest): Promise<RequestHandle>;
}

/** A caller that hung up may be about to try again with the same id: its request is taken back only after this long. */
const HANG_UP_GRACE_MS = 10_000;
const CANCEL_TIMEOUT_MS = 60_000;
/** What a call may say about itself, and the sidecar's token. */
const OWN = 'x-smoother-';
const OWN_HEADERS = ['priority', 'tenant', 'task', 'deadline', 'if-too-late', 'request-id', 'token'] as const;
/** InvokeModel's parameters beside the body, by their headers. */
const PARAMETERS = {
  guardrailIdentifier: 'x-amzn-bedrock-guardrailidentifier',
  guardrailVersion: 'x-amzn-bedrock-guardrailversion',
  trace: 'x-amzn-bedrock-trace',
  performanceConfigLatency: 'x-amzn-bedrock-performanceconfig-latency',
  serviceTier: 'x-amzn-bedrock-service-tier',
} as const;
const REQUEST_METADATA = 'x-amzn-bedrock-request-metadata';

export class BedrockCalls {
  readonly #smoother: Submitter;
  readonly #defaults: CallDefaults;
  readonly #direct: Direct;
  /** Callers that wait, by request. */
  readonly #open = new Map<string, number>();
  #bedrock: BedrockRuntimeClient | undefined;

  /** @throws SmootherUsageError when a default is unknown */
  constructor(smoother: Submitter, defaults: CallDefaults, direct: Direct = {}) {
    checkOptions<CallDefaults>(defaults, COMMON_OPTIONS);
    this.#smoother = smoother;
    this.#defaults = defaults;
    this.#direct = direct;
  }

  /** The answer, once there is one. Rejects only when the signal aborts, with its reason; the request is taken back then. */
  async answer(call: HttpCall, signal?: AbortSignal): Promise<HttpAnswer> {
    try {
      const { name, modelId } = operationOf(call.method, call.path) ?? { name: undefined, modelId: '' };
      switch (name) {
        case 'CountTokens':
          return json(await this.#countTokens(modelId, call.body));
        case 'Converse':
        case 'ConverseStream':
        case 'InvokeModel':
        case 'InvokeModelWithResponseStream':
          return await this.#smooth(name, modelId, call, signal);
        default: {
          const known =
            'Converse, ConverseStream, InvokeModel, InvokeModelWithResponseStream and CountTokens';
          const came = name ?? `${call.method} ${call.path}`;
          throw new BedrockError('UnknownOperationException', `The smoother answers ${known}, not ${came}`);
        }
      }
    } catch (error) {
      signal?.throwIfAborted();
      return errorAnswer(error);
    }
  }

  async #smooth(
    operation: OperationName,
    modelId: string,
    call: HttpCall,
    signal: AbortSignal | undefined,
  ): Promise<HttpAnswer> {
    signal?.throwIfAborted();
    const handle = await this.#smoother.submit(this.#requestOf(operation, modelId, call));
    const result = await this.#await(handle, signal);
    if (result.status !== 'COMPLETED') throw bedrockErrorOf(result);
    const answer = answerOf(operation, result);
    return { ...answer, headers: { ...answer.headers, 'x-smoother-request-id': result.requestId } };
  }

  #requestOf(operation: OperationName, modelId: string, { headers, body }: HttpCall): SubmitRequest {
    checkNames(
      'header',
      Object.keys(headers).filter((name) => name.startsWith(OWN)),
      OWN_HEADERS.map((name) => OWN + name),
    );
    const given = (name: (typeof OWN_HEADERS)[number]) => headers[OWN + name] || undefined;
    const { priority, tenant, task, deadline, ifTooLate } = this.#defaults;
    const ownPriority = given('priority');
    const common: SubmitRequest = {
      ...this.#defaults,
      modelId,
      // SDKs repeat this id when they try again: then it is the same request.
      requestId: given('request-id') ?? headers['amz-sdk-invocation-id'],
      priority: ownPriority === undefined ? priority : priorityOf(ownPriority),
      tenant: given('tenant') ?? tenant,
      task: given('task') ?? task,
      deadline: given('deadline') ?? deadline,
      // Another word than these is refused with the message.
      ifTooLate: (given('if-too-late') ?? ifTooLate) as SubmitRequest['ifTooLate'],
    };
    const parsed = parseBody(body);
    if (operation.startsWith('Converse')) {
      return { ...common, converse: parsed as unknown as SubmitRequest['converse'] };
    }
    const parameters = Object.fromEntries(
      Object.entries(PARAMETERS).map(([name, header]) => [name, headers[header]]),
    );
    const requestMetadata = metadataOf(headers[REQUEST_METADATA]);
    return { ...common, invokeModel: { ...parameters, requestMetadata, body } };
  }

  async #await(handle: RequestHandle, signal: AbortSignal | undefined): Promise<Result> {
    const { requestId } = handle;
    this.#open.set(requestId, (this.#open.get(requestId) ?? 0) + 1);
    try {
      return await handle.outcome({ signal });
    } catch (error) {
      if (signal?.aborted) this.#cancelUnlessWanted(handle);
      throw error;
    } finally {
      const others = (this.#open.get(requestId) ?? 1) - 1;
      if (others > 0) this.#open.set(requestId, others);
      else this.#open.delete(requestId);
    }
  }

  #cancelUnlessWanted(handle: RequestHandle): void {
    const timer = setTimeout(() => {
      if (this.#open.has(handle.requestId)) return;
      // Nobody waits for the answer any more, nor for an error.
      handle.cancel({ timeoutMs: CANCEL_TIMEOUT_MS }).catch(() => undefined);
    }, HANG_UP_GRACE_MS);
    timer.unref();
  }

  /** Bedrock counts for nothing: the call goes there. */
  async #countTokens(modelId: string, text: string): Promise<object> {
    this.#bedrock ??= new BedrockRuntimeClient(this.#direct);
    const { input } = parseBody(text);
    const invoked = isObject(input) && isObject(input.invokeModel) ? input.invokeModel : undefined;
    const decoded = invoked
      ? { invokeModel: { body: Buffer.from(String(invoked.body), 'base64') } }
      : decodeBinaries(input);
    const command = new CountTokensCommand({ modelId, input: decoded } as CountTokensCommandInput);
    const { inputTokens } = await this.#bedrock.send(command);
    return { inputTokens };
  }
}

/** What is no number stays as it is: the message is refused with it, and the refusal shows what came. */
function priorityOf(header: string): Priority {
  const number = Number(header);
  return (Number.isFinite(number) ? number : header) as Priority;
}

/** Another JSON than an object of texts is refused with the message. */
function metadataOf(header: string | undefined): Record<string, string> | undefined {
  if (header === undefined) return undefined;
  const metadata = parseJson(header);
  if (metadata === undefined) {
    throw new BedrockError(
      'ValidationException',
      `${REQUEST_METADATA}: must be JSON, got text of ${header.length} characters that is not JSON`,
    );
  }
  return metadata as Record<string, string>;
}

function answerOf(operation: OperationName, { output, usage, timings }: Result): HttpAnswer {
  // Binary content travels as base64 again.
  const body = encodeBinaries(output) as JsonObject;
  switch (operation) {
    case 'Converse':
      return json(body);
    case 'ConverseStream':
      return stream(converseEvents(body));
    case 'InvokeModelWithResponseStream':
      return stream(bodyChunks(body), { 'x-amzn-bedrock-content-type': 'application/json' });
    default: {
      const answer = json(body, {
        ...(usage && {
          'x-amzn-bedrock-input-token-count': String(usage.inputTokens),
          'x-amzn-bedrock-output-token-count': String(usage.outputTokens),
        }),
        ...(timings.latencyMs && { 'x-amzn-bedrock-invocation-latency': String(timings.latencyMs) }),
      });
      const isMedia = Object.keys(body).join() === 'base64' && typeof body.base64 === 'string';
      return isMedia ? { ...answer, body: Buffer.from(String(body.base64), 'base64') } : answer;
    }
  }
}

function json(body: object, headers: Record<string, string> = {}): HttpAnswer {
  return {
    status: 200,
    headers: { 'content-type': 'application/json', ...headers },
    body: Buffer.from(encodeJson(body)),
  };
}

function stream(events: readonly Uint8Array[], headers: Record<string, string> = {}): HttpAnswer {
  return {
    status: 200,
    headers: { 'content-type': EVENT_STREAM_TYPE, ...headers },
    body: Buffer.concat(events),
  };
}

/** Every error as Bedrock says errors. */
export function errorAnswer(error: unknown): HttpAnswer {
  const { httpStatus, type, message } = asBedrockError(error);
  return {
    status: httpStatus,
    headers: { 'content-type': 'application/json', 'x-amzn-errortype': type },
    body: Buffer.from(encodeJson({ message })),
  };
}

function asBedrockError(error: unknown): BedrockError {
  if (error instanceof BedrockError) return error;
  if (error instanceof BedrockRuntimeServiceException) {
    return new BedrockError(error.name as BedrockErrorType, error.message);
  }
  // Too deep for the stack: another try would fail as well.
  if (error instanceof RangeError)
    return new BedrockError('ValidationException', 'The call is nested too deeply');
  const message = error instanceof Error ? error.message : String(error);
  const isCallers = error instanceof SmootherUsageError || error instanceof MessageRefusedError;
  return new BedrockError(isCallers ? 'ValidationException' : 'ServiceUnavailableException', message);
}
