import type { RequestStatus } from '../../client/index.ts';
import { counted, moment } from './numbers.ts';

/** One line about one request. */
export function statusText(
  id: string,
  { state, ahead, expectedStart, isTooLate, cancelRequested }: RequestStatus,
  now = Date.now(),
): string {
  const before =
    ahead &&
    `${ahead.more ? 'more than ' : ''}${counted(ahead.requests, 'request')}, ${counted(ahead.tokens, 'token')} ahead`;
  const start =
    expectedStart &&
    `estimated at acceptance: starts at ${moment(expectedStart.p50)} (p50), 19 in 20 by ${moment(expectedStart.p95)} (p95)`;
  const late = isTooLate && 'which is after its deadline';
  const overdue = expectedStart && expectedStart.p95 < now && `(overdue; see smoother why ${id})`;
  return [id, state, before, start, late, overdue, cancelRequested && 'cancel requested']
    .filter(Boolean)
    .join('  ');
}
