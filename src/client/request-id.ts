/** The rule for request ids, which is that of ingestion: no record has an id that breaks it. */
import { rejectedMessageId } from '../core/request/keys.ts';
import { identity } from '../core/request/message-schema.ts';
import { describeProblems } from '../core/request/problem.ts';
import { parseWith } from '../core/request/problems.ts';
import { SmootherUsageError } from './errors.ts';

export function isRequestId(request_id: unknown): boolean {
  return identity.safeParse({ request_id }).success;
}

/** Of a request, or of a refused message: `rejected/` and the message's id. */
export function isRecordId(id: unknown): boolean {
  return typeof id === 'string' && isRequestId(rejectedMessageId(id) ?? id);
}

/** @throws SmootherUsageError that says what a request's id may be and what came, unless it is the id of a record */
export function checkRecordId(id: unknown): void {
  if (!isRecordId(id)) checkRequestId(id);
}

/** @throws SmootherUsageError that says what is allowed and what came */
export function checkRequestId(request_id: unknown): void {
  const parsed = parseWith(identity, { request_id });
  if ('problems' in parsed) throw new SmootherUsageError(describeProblems(parsed.problems));
}
