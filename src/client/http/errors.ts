import { BedrockError, type BedrockErrorType } from '../../wire/errors.ts';
import type { Result } from '../result.ts';

/**
 * What Bedrock itself would say of an outcome of ours. Its own exceptions keep their names; ThrottlingException is none of
 * them, as a throttled request goes on.
 */
const EXCEPTIONS: Record<string, BedrockErrorType> = {
  InvalidMessage: 'ValidationException',
  RequestIdConflict: 'ConflictException',
  Cancelled: 'ConflictException',
  ExceedsQuota: 'ServiceQuotaExceededException',
  DeadlineTooSoon: 'ServiceQuotaExceededException',
  BudgetUsedUp: 'ServiceQuotaExceededException',
  PriceUnknown: 'ValidationException',
  DeadlinePassed: 'ModelTimeoutException',
  TimeoutError: 'ModelTimeoutException',
  PayloadMissing: 'InternalServerException',
  PayloadTooLarge: 'ValidationException',
  WorkerLost: 'InternalServerException',
  NetworkError: 'ServiceUnavailableException',
};
const OF_BEDROCK: readonly BedrockErrorType[] = [
  'AccessDeniedException',
  'InternalServerException',
  'ModelErrorException',
  'ModelNotReadyException',
  'ModelStreamErrorException',
  'ModelTimeoutException',
  'ResourceNotFoundException',
  'ServiceQuotaExceededException',
  'ServiceUnavailableException',
  'ValidationException',
];

/** The error that stands for a result without an answer. */
export function bedrockErrorOf({ error, requestId, status }: Result): BedrockError {
  const { type = status, message = 'no reason given' } = error ?? {};
  const own = OF_BEDROCK.find((known) => known === type);
  const exception = own ?? EXCEPTIONS[type] ?? 'ServiceUnavailableException';
  return new BedrockError(exception, `${message} (${requestId}: ${type})`);
}
