import { MAX_FAILURES, MAX_PROBED_RELEASES } from '../request/attempts.ts';
import { requestError } from '../request/error-types.ts';
import type { Payload } from '../request/payload.ts';
import type { RequestError, RequestRecord } from '../request/record.ts';
import type { Counter } from '../request/transitions.ts';
import type { ModelError } from './errors.ts';

/** A request fails with its third denial (access, unknown model): permissions may take a moment to arrive, no longer. */
export const MAX_DENIALS = 3;

/** The record's counters after a call. */
export type Counts = Required<Pick<RequestRecord, Counter>>;

export interface RetryDecision {
  counts: Counts;
  /** Why the request ends FAILED; absent: it goes back to the backlog. */
  error?: RequestError;
  /** It stays away from the backlog for so long; absent: it goes back at once. */
  restMs?: number;
}

/** Twice as long after the second denial. */
const FIRST_DENIAL_REST_MS = 10_000;

/** What a call that brought no answer means for its request. `probe`: it went to a lane that was known to fail. */
export function decide(record: RequestRecord, error: ModelError, probe = false): RetryDecision {
  const { attempts, failures, throttles } = record;
  const before = { attempts, failures, throttles, denials: denialsOf(record) };
  if (probe && saysServiceIsOut(error) && record.generation < MAX_PROBED_RELEASES) return { counts: before };
  const throttled = error.kind === 'throttled' || error.kind === 'throttled_daily';
  const counts = {
    attempts: attempts + 1,
    failures: failures + (error.kind === 'transient' ? 1 : 0),
    throttles: throttles + (throttled ? 1 : 0),
    denials: before.denials + (error.kind === 'denied' ? 1 : 0),
  };
  if (record.exceeds_quota && isOfTokens(error)) return { counts, error: tooLarge(record) };
  const fails =
    error.kind === 'invalid' ||
    (error.kind === 'transient' && counts.failures >= MAX_FAILURES) ||
    (error.kind === 'denied' && counts.denials >= MAX_DENIALS);
  if (fails) return { counts, error: { type: error.type, message: error.message } };
  // Bedrock says when to come again. A throttle says it to the lane, and its request keeps its place.
  if (error.kind === 'transient' && error.retryAfterMs) return { counts, restMs: error.retryAfterMs };
  return error.kind === 'denied'
    ? { counts, restMs: FIRST_DENIAL_REST_MS * 2 ** (counts.denials - 1) }
    : { counts };
}

/**
 * How often the request was denied. Records of earlier releases do not say it: an attempt of theirs that was neither
 * throttled nor a failure nor cut short, and did not end the request, was denied.
 */
export function denialsOf({ denials, attempts, failures, throttles, full_allowance }: RequestRecord): number {
  return denials ?? attempts - failures - throttles - (full_allowance ? 1 : 0);
}

/** Whether a denial is about the model id alone. One with a guardrail may be about that, which says nothing of the model. */
export function isAboutModelId(payload: Payload): boolean {
  const guardrail =
    payload.operation === 'converse'
      ? payload.converse.guardrailConfig
      : payload.invoke_model.guardrailIdentifier;
  return guardrail === undefined;
}

/** Bedrock says which of the two quotas it has enforced. */
function isOfTokens({ kind, message }: ModelError): boolean {
  return kind === 'throttled' && /token/i.test(message);
}

/** It had a minute of the lane's quota to itself. */
function tooLarge({ reserved_tokens }: RequestRecord): RequestError {
  return requestError(
    'ExceedsQuota',
    `Bedrock throttled the call although no other of its lane was counted; it needs about ${reserved_tokens} tokens ` +
      "at its start, which is more than a minute's quota",
  );
}

/** With these the request itself may be the cause, and its tokens may be charged. */
const OWN_FAULTS = new Set([
  'ModelErrorException',
  'ModelStreamErrorException',
  'ModelTimeoutException',
  'TimeoutError',
]);

function saysServiceIsOut({ kind, type }: ModelError): boolean {
  return kind === 'transient' && !OWN_FAULTS.has(type);
}
