/** A failed request again. An outcome is final: what is tried again is a new request. */
import type { Payload } from '../request/hold-message.ts';
import { sha256 } from '../request/keys.ts';
import type { RequestRecord } from '../request/record.ts';

const SUFFIX = '.retry';
const MAX_ID_LENGTH = 128;

/** Always the same for the same request: tried again twice, it is one request. */
export function retryIdOf(requestId: string): string {
  const id = requestId + SUFFIX;
  return id.length <= MAX_ID_LENGTH ? id : sha256(requestId) + SUFFIX;
}

/**
 * The input message of the new request: the stored call and everything that the producer said about it. A maximum wait that the
 * producer set starts again.
 */
export function retryMessageOf(record: RequestRecord, payload: Payload): Record<string, unknown> {
  const { model_id, priority, tenant, task, record_id, metadata } = record;
  const envelope = {
    request_id: retryIdOf(record.request_id),
    model_id,
    priority,
    tenant,
    task,
    accept_truncated: record.accept_truncated,
    results: record.results,
    metadata: metadata === undefined ? undefined : JSON.parse(metadata),
    max_wait_seconds: record.has_deadline
      ? Math.max(1, Math.round((record.deadline_at - record.accepted_at) / 1_000))
      : undefined,
  };
  if (payload.operation === 'converse') return { ...envelope, converse: payload.converse };
  const { body } = payload.invoke_model;
  if (record_id !== undefined) return { ...envelope, recordId: record_id, modelInput: body };
  return { ...envelope, invoke_model: payload.invoke_model };
}
