import { dueKey, REJECTIONS_LANE, rejectionId, sha256 } from '../request/keys.ts';
import type { Usable } from '../request/message.ts';
import {
  DEFAULT_PRIORITY,
  DEFAULT_TENANT,
  RECORD_ONLY,
  type RejectionRecord,
  type RequestError,
} from '../request/record.ts';
import { RESULT_GRACE_MS } from '../request/times.ts';
import { expiry } from '../request/transitions.ts';

export interface Rejection {
  error: RequestError;
  /** The id that the result carries. */
  resultId: string;
  usable: Usable;
}

/** The record of a refused message: an outcome from the start, due until its result is marked sent where one is owed. */
export function rejectedRecord(
  message: { id: string; body: string },
  { error, resultId, usable }: Rejection,
  now: number,
): RejectionRecord {
  const requestId = rejectionId(message.id);
  return {
    v: 1,
    request_id: requestId,
    result_id: resultId,
    status: 'REJECTED',
    generation: 0,
    nonce: message.id,
    lane: REJECTIONS_LANE,
    model_id: usable.model_id,
    priority: usable.priority ?? DEFAULT_PRIORITY,
    tenant: usable.tenant ?? DEFAULT_TENANT,
    record_id: usable.record_id,
    metadata: usable.metadata === undefined ? undefined : JSON.stringify(usable.metadata),
    accepted_at: now,
    content_hash: sha256(message.body),
    results: usable.results,
    ...(usable.results === RECORD_ONLY
      ? expiry(now)
      : { due_key: dueKey(REJECTIONS_LANE, requestId), due_at: now + RESULT_GRACE_MS }),
    attempts: 0,
    finished_at: now,
    error,
  };
}
