/** What a producer asks for, and the message that says so. */
import { randomUUID } from 'node:crypto';
import type { ConverseCommandInput } from '@aws-sdk/client-bedrock-runtime';
import { isObject, parseJson } from '../core/request/json.ts';
import { readMessage } from '../core/request/message.ts';
import type { InvokeParameters } from '../core/request/payload.ts';
import { describe } from '../core/request/problem.ts';
import { type Priority, RECORD_ONLY } from '../core/request/record.ts';
import { contentHash } from '../core/request/request.ts';
import { encodeJson } from '../wire/json.ts';
import { encodeBinaries } from './binary.ts';
import { SmootherUsageError } from './errors.ts';
import { checkOptions } from './options.ts';
import { checkRequestId } from './request-id.ts';

/** All that requests of one producer may have in common. docs/messages.md describes each field. */
export interface RequestOptions {
  /** 1 (the most urgent) to 5. Default: 3. */
  priority?: Priority;
  /** Who the request is for. Default: `default`. */
  tenant?: string;
  /** A label for requests with answers of similar size. */
  task?: string;
  /** The request ends EXPIRED when its call has not started by then. ISO 8601 with an offset, or a Date. */
  deadline?: string | Date;
  /** The same as `deadline`, in seconds from its acceptance. */
  maxWaitSeconds?: number;
  /** `refuse`: a request that is not expected to start by its deadline is REJECTED at once. Default: `accept`, it waits until then. */
  ifTooLate?: 'accept' | 'refuse';
  /** Takes an answer that the smoother's own choice of max tokens has cut. */
  acceptTruncated?: boolean;
  /** Any JSON of at most 16 KiB; comes back in the result. */
  metadata?: unknown;
  /** A results queue by name, or `record`: the result is read from the table. Default: `record`. */
  results?: string;
}

/** One call of Bedrock: `converse` or `invokeModel`. */
export interface SubmitRequest extends RequestOptions {
  /** The idempotency key: the same id with the same content is one request. Default: a new UUID. */
  requestId?: string;
  /** Model id, inference profile id, or ARN. */
  modelId: string;
  /** As the SDK takes it, binary content as `Uint8Array`. */
  converse?: Omit<ConverseCommandInput, 'modelId'>;
  invokeModel?: Omit<Partial<InvokeParameters>, 'content_type'> & {
    /** In the model's own format; text and bytes are JSON text. */
    body: object | string | Uint8Array;
    contentType?: string;
  };
}

/** A message ready to be sent. */
export interface OutgoingMessage {
  requestId: string;
  /** Of the request's content: the record of another content is somebody else's. Absent where the message will be refused. */
  contentHash?: string;
  modelId: string;
  body: string;
}

/** Those that all calls of a client may have in common. */
export const COMMON_OPTIONS = {
  priority: true,
  tenant: true,
  task: true,
  deadline: true,
  maxWaitSeconds: true,
  ifTooLate: true,
  acceptTruncated: true,
} as const;
const REQUEST_OPTIONS = {
  ...COMMON_OPTIONS,
  requestId: true,
  modelId: true,
  converse: true,
  invokeModel: true,
  metadata: true,
  results: true,
} as const;

/**
 * @throws SmootherUsageError when an option is unknown, there is not exactly one call, a deadline is no time, or a body is not
 * JSON. Everything else is for ingestion to judge.
 */
export function messageOf(request: SubmitRequest): OutgoingMessage {
  checkOptions<SubmitRequest>(request, REQUEST_OPTIONS);
  const { requestId: request_id = randomUUID(), modelId: model_id } = request;
  const body = encodeJson({
    request_id,
    model_id,
    priority: request.priority,
    tenant: request.tenant,
    task: request.task,
    deadline: timeOf(request.deadline),
    max_wait_seconds: request.maxWaitSeconds,
    if_too_late: request.ifTooLate,
    accept_truncated: request.acceptTruncated || undefined,
    results: request.results ?? RECORD_ONLY,
    metadata: request.metadata,
    ...callOf(request),
  });
  return { requestId: request_id, contentHash: hashOf(body), modelId: model_id, body };
}

/** As the other side reads the message. What it would refuse has none: the refusal itself is the answer. */
function hashOf(body: string): string | undefined {
  const reading = readMessage(body, { longestWaitSeconds: Number.POSITIVE_INFINITY });
  return reading.kind === 'request' ? contentHash(reading.request) : undefined;
}

/**
 * Takes a request back.
 * @throws SmootherUsageError for an id that no request has: ingestion would refuse the message, and nobody would be told
 */
export function cancelMessage(requestId: string): string {
  checkRequestId(requestId);
  return JSON.stringify({ cancel: requestId });
}

function timeOf(deadline: string | Date | undefined): string | undefined {
  if (!(deadline instanceof Date)) return deadline;
  if (Number.isNaN(deadline.getTime())) {
    throw new SmootherUsageError('deadline: must be a valid Date or an ISO 8601 time, got an invalid Date');
  }
  return deadline.toISOString();
}

function callOf({ requestId = 'the request', converse, invokeModel }: SubmitRequest): object {
  if ((converse === undefined) === (invokeModel === undefined)) {
    throw new SmootherUsageError(`${requestId}: exactly one of converse and invokeModel must be given`);
  }
  if (converse !== undefined) {
    const { modelId: _, ...request } = encodeBinaries(checkedCall('converse', converse)) as Record<
      string,
      unknown
    >;
    return { converse: request };
  }
  const { body, contentType: content_type, ...parameters } = checkedCall('invokeModel', invokeModel);
  return { invoke_model: { ...parameters, content_type, body: bodyOf(requestId, body) } };
}

function checkedCall<Call extends object>(field: string, call: Call | undefined): Call {
  if (isObject(call)) return call;
  throw new SmootherUsageError(`${field}: must be an object, got ${describe(call)}`);
}

/** Text stays as it is, byte for byte. */
function bodyOf(requestId: string, body: object | string | Uint8Array): object | string {
  const text = body instanceof Uint8Array ? new TextDecoder().decode(body) : body;
  if (typeof text === 'string' && parseJson(text) === undefined) {
    throw new SmootherUsageError(`${requestId}: the body of InvokeModel must be JSON`);
  }
  return text;
}
