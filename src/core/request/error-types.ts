import type { RequestError } from './record.ts';

/**
 * The reasons of our own for which a request ends without an answer. Any other `error.type` is the name of Bedrock's
 * exception. docs/messages.md explains each.
 */
export const ERROR_TYPES = [
  'InvalidMessage',
  'RequestIdConflict',
  'ExceedsQuota',
  'DeadlineTooSoon',
  'DeadlinePassed',
  'Cancelled',
  'PayloadMissing',
  'PayloadTooLarge',
  'WorkerLost',
  'AnswerTooLong',
  'BudgetUsedUp',
  'PriceUnknown',
] as const;
export type ErrorType = (typeof ERROR_TYPES)[number];

export function requestError(type: ErrorType, message: string): RequestError {
  return { type, message };
}
