/** Taking a request back: docs/messages.md, "Cancelling a request". */
import { requestError } from './error-types.ts';
import { REJECTIONS_LANE, sha256 } from './keys.ts';
import { type CancellationRecord, DEFAULT_PRIORITY, DEFAULT_TENANT, type RequestRecord } from './record.ts';
import type { Ending } from './transitions.ts';

/** A cancellation waits this long for its request. */
const EARLY_CANCELLATION_MS = 3_600_000;

/** The end of a request that was taken back before a call gave an answer. */
export function cancelled({ attempts }: Pick<RequestRecord, 'attempts'>, finishedAt: number): Ending {
  const when =
    attempts === 0
      ? 'before its call was made'
      : `after ${attempts} ${attempts === 1 ? 'call' : 'calls'} without an answer`;
  return {
    status: 'CANCELLED',
    finishedAt,
    error: requestError('Cancelled', `Taken back by a cancel message ${when}`),
  };
}

/** Whether a request must not be called any more. */
export function isTakenBack({ cancel_requested_at }: Pick<RequestRecord, 'cancel_requested_at'>): boolean {
  return cancel_requested_at !== undefined;
}

/** Takes the place of a request that has not come yet. */
export function earlyCancellation(requestId: string, messageId: string, now: number): CancellationRecord {
  return {
    v: 1,
    request_id: requestId,
    status: 'CANCEL_REQUESTED',
    generation: 0,
    nonce: messageId,
    lane: REJECTIONS_LANE,
    priority: DEFAULT_PRIORITY,
    tenant: DEFAULT_TENANT,
    accepted_at: now,
    content_hash: sha256(requestId),
    attempts: 0,
    expires_at: Math.ceil((now + EARLY_CANCELLATION_MS) / 1000),
  };
}
