import { MAX_PROBED_RELEASES } from '../request/attempts.ts';
import { namesMore } from '../request/elsewhere.ts';
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
/** A quota other than those of the minute: Bedrock says to send the request again later, and not when. */
const SERVICE_QUOTA_REST_MS = 60_000;

/**
 * What a call that brought no answer means for its request.
 * @param maxAttempts the request fails with so many failures
 * @param how `probe`: the call went to a lane that was known to fail; `shortened`: it started late, and had less time than others
 */
export function decide(
  record: RequestRecord,
  error: ModelError,
  maxAttempts: number,
  { probe = false, shortened = false }: { probe?: boolean; shortened?: boolean },
): RetryDecision {
  const { attempts, failures, throttles } = record;
  const before = { attempts, failures, throttles, denials: denialsOf(record) };
  const isOut = error.kind === 'transient';
  if (probe && isOut && record.generation < MAX_PROBED_RELEASES) return { counts: before };
  const throttled = error.kind === 'throttled' || error.kind === 'throttled_daily';
  const failed = error.kind === 'transient' || error.kind === 'faulted' || error.kind === 'timed_out';
  const counts = {
    attempts: attempts + 1,
    failures: failures + (failed ? 1 : 0),
    throttles: throttles + (throttled ? 1 : 0),
    denials: before.denials + (error.kind === 'denied' ? 1 : 0),
  };
  if (record.exceeds_quota && isOfTokens(error)) return { counts, error: tooLarge(record) };
  if (error.kind === 'timed_out' && !shortened) return { counts, error: answerTooLong(record, error) };
  const fails =
    error.kind === 'invalid' ||
    (failed && counts.failures >= maxAttempts) ||
    (error.kind === 'denied' && counts.denials >= MAX_DENIALS);
  if (fails) return { counts, error: { type: error.type, message: error.message } };
  return { counts, restMs: restAfter(error, counts) };
}

function restAfter({ kind, type, retryAfterMs }: ModelError, { denials }: Counts): number | undefined {
  if (kind === 'denied') return FIRST_DENIAL_REST_MS * 2 ** (denials - 1);
  if (type === 'ServiceQuotaExceededException') return SERVICE_QUOTA_REST_MS;
  // Bedrock says when to come again. A throttle says it to the lane, and its request keeps its place.
  return kind === 'transient' && retryAfterMs ? retryAfterMs : undefined;
}

/**
 * How often the request was denied. Records of earlier releases do not say it: an attempt of theirs that was neither
 * throttled nor a failure nor cut short, and did not end the request, was denied.
 */
export function denialsOf({ denials, attempts, failures, throttles, full_allowance }: RequestRecord): number {
  return denials ?? attempts - failures - throttles - (full_allowance ? 1 : 0);
}

/** Whether a denial is about the model id alone. A call that names more may be denied for that, which says nothing of the model. */
export function isAboutModelId(payload: Payload): boolean {
  return !namesMore(payload);
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

/** It would take as long the next time, and be paid for again. */
function answerTooLong(
  { max_tokens, granted_max_tokens }: RequestRecord,
  { message }: ModelError,
): RequestError {
  const asked = max_tokens ?? granted_max_tokens;
  const tokens = asked === undefined ? '' : ` It could have had up to ${asked} tokens.`;
  return requestError(
    'AnswerTooLong',
    `${message}, which is all the time that a call has.${tokens} Ask for fewer tokens, or raise invocation_timeout_seconds`,
  );
}
