/** A failed request again. An outcome is final: what is tried again is a new request. */

import { taskOf } from '../request/groups.ts';
import { JsonText } from '../request/json-text.ts';
import { sha256 } from '../request/keys.ts';
import { type Call, payloadText } from '../request/payload.ts';
import { askedModelOf, type RequestRecord } from '../request/record.ts';

const SUFFIX = '.retry';
const MAX_ID_LENGTH = 128;

/** Always the same for the same request: tried again twice, it is one request. */
export function retryIdOf(requestId: string): string {
  const id = requestId + SUFFIX;
  return id.length <= MAX_ID_LENGTH ? id : sha256(requestId) + SUFFIX;
}

/**
 * The input message of the new request, as text: the stored call as it is, and everything that the producer said about it. A
 * maximum wait that the producer set starts again.
 */
export function retryMessageOf(record: RequestRecord, call: Call): string {
  const { priority, tenant, record_id, metadata } = record;
  const envelope = {
    request_id: retryIdOf(record.request_id),
    model_id: askedModelOf(record),
    priority,
    tenant,
    task: taskOf(record),
    accept_truncated: record.accept_truncated,
    results: record.results,
    metadata: metadata === undefined ? undefined : JSON.parse(metadata),
    max_wait_seconds: record.has_deadline
      ? Math.max(1, Math.round((record.deadline_at - record.accepted_at) / 1_000))
      : undefined,
  };
  if (record_id !== undefined)
    return withMember({ ...envelope, recordId: record_id }, 'modelInput', call.body);
  const { operation } = call.payload;
  return withMember(envelope, operation, new JsonText(payloadText(call)).at([operation]) ?? '');
}

function withMember(object: object, name: string, text: string): string {
  return `${JSON.stringify(object).slice(0, -1)},"${name}":${text}}`;
}
