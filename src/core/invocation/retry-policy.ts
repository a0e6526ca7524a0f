import { MAX_FAILURES, MAX_PROBED_RELEASES } from '../request/attempts.ts';
import type { RequestError, RequestRecord } from '../request/record.ts';
import type { ModelError } from './errors.ts';

/**
 * A request fails with the third denial (access, unknown model). The first one lets the leader pause the lane; only a
 * request that is denied again after the pauses has to end.
 */
export const MAX_DENIALS = 3;

export interface RetryDecision {
  /** The record's counters after the call. */
  counts: Pick<RequestRecord, 'attempts' | 'failures' | 'throttles'>;
  /** Why the request ends FAILED; absent: it goes back to the backlog. */
  error?: RequestError;
}

/** What a call that brought no answer means for its request. `probe`: it went to a lane that was known to fail. */
export function decide(record: RequestRecord, error: ModelError, probe = false): RetryDecision {
  if (probe && saysServiceIsOut(error) && record.generation < MAX_PROBED_RELEASES) {
    const { attempts, failures, throttles } = record;
    return { counts: { attempts, failures, throttles } };
  }
  const throttled = error.kind === 'throttled' || error.kind === 'throttled_daily';
  const counts = {
    attempts: record.attempts + 1,
    failures: record.failures + (error.kind === 'transient' ? 1 : 0),
    throttles: record.throttles + (throttled ? 1 : 0),
  };
  // An attempt that was neither throttled nor a failure nor cut short, and did not end the request, was denied.
  const denials = counts.attempts - counts.failures - counts.throttles - (record.full_allowance ? 1 : 0);
  const fails =
    error.kind === 'invalid' ||
    (error.kind === 'transient' && counts.failures >= MAX_FAILURES) ||
    (error.kind === 'denied' && denials >= MAX_DENIALS);
  return fails ? { counts, error: { type: error.type, message: error.message } } : { counts };
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
