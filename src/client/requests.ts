/** What a producer asks for, and the message that says so. */
import { randomUUID } from 'node:crypto';
import type { ConverseCommandInput } from '@aws-sdk/client-bedrock-runtime';
import { encodeBinaries } from '../aws/bedrock/binary.ts';
import type { Payload } from '../core/request/hold-message.ts';
import { DEFAULT_PRIORITY, DEFAULT_TENANT, type Priority, RECORD_ONLY } from '../core/request/record.ts';
import { contentHash } from '../core/request/request.ts';
import { SmootherUsageError } from './errors.ts';

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
  invokeModel?: {
    /** In the model's own format; text and bytes are JSON text. */
    body: object | string | Uint8Array;
    contentType?: string;
    accept?: string;
  };
}

/** A message ready to be sent. */
export interface OutgoingMessage {
  requestId: string;
  /** Of the request's content: the record of another content is somebody else's. */
  contentHash: string;
  modelId: string;
  body: string;
}

/** @throws SmootherUsageError when there is not exactly one call, or a body is not JSON */
export function messageOf(request: SubmitRequest): OutgoingMessage {
  const { requestId: request_id = randomUUID(), modelId: model_id, priority, tenant, deadline } = request;
  const call = callOf(request);
  const fields = {
    model_id,
    task: request.task,
    deadline: deadline instanceof Date ? deadline.toISOString() : deadline,
    max_wait_seconds: request.maxWaitSeconds,
    ...(request.acceptTruncated && { accept_truncated: true as const }),
    results: request.results ?? RECORD_ONLY,
    metadata: request.metadata,
  };
  // As JSON carries it: that is what the other side hashes.
  const sent = { ...fields, priority: priority ?? DEFAULT_PRIORITY, tenant: tenant ?? DEFAULT_TENANT, call };
  const hash = contentHash(JSON.parse(JSON.stringify(sent)));
  const named =
    call.operation === 'converse' ? { converse: call.converse } : { invoke_model: call.invoke_model };
  const body = JSON.stringify({ request_id, priority, tenant, ...fields, ...named });
  return { requestId: request_id, contentHash: hash, modelId: model_id, body };
}

/** Takes a request back. */
export function cancelMessage(requestId: string): string {
  return JSON.stringify({ cancel: requestId });
}

function callOf({ requestId = 'the request', converse, invokeModel }: SubmitRequest): Payload {
  if ((converse === undefined) === (invokeModel === undefined)) {
    throw new SmootherUsageError(`${requestId}: exactly one of converse and invokeModel must be given`);
  }
  if (converse !== undefined) {
    const { modelId: _, ...request } = encodeBinaries(converse) as Record<string, unknown>;
    return { v: 1, operation: 'converse', converse: request };
  }
  const { body, contentType = 'application/json', accept = 'application/json' } = invokeModel ?? { body: {} };
  return {
    v: 1,
    operation: 'invoke_model',
    invoke_model: { body: jsonOf(requestId, body), content_type: contentType, accept },
  };
}

function jsonOf(requestId: string, body: object | string | Uint8Array): unknown {
  const text = body instanceof Uint8Array ? new TextDecoder().decode(body) : body;
  if (typeof text !== 'string') return text;
  try {
    return JSON.parse(text);
  } catch {
    throw new SmootherUsageError(`${requestId}: the body of InvokeModel must be JSON`);
  }
}
