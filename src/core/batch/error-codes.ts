/** Bedrock's batch output identifies an error by the HTTP status that the call would have had. */

const BY_TYPE: Readonly<Record<string, number>> = {
  // Ours: docs/messages.md, "Errors".
  InvalidMessage: 400,
  RequestIdConflict: 409,
  ExceedsQuota: 400,
  DeadlinePassed: 408,
  Cancelled: 499,
  BudgetUsedUp: 400,
  PriceUnknown: 400,
  // Of Bedrock.
  ValidationException: 400,
  ServiceQuotaExceededException: 400,
  AccessDeniedException: 403,
  ResourceNotFoundException: 404,
  ModelTimeoutException: 408,
  ModelErrorException: 424,
  ModelStreamErrorException: 424,
  ModelNotReadyException: 429,
  ThrottlingException: 429,
  InternalServerException: 500,
  ServiceUnavailableException: 503,
};

/** 500 for any other error. */
export function errorCodeOf(type: string): number {
  return (Object.hasOwn(BY_TYPE, type) ? BY_TYPE[type] : undefined) ?? 500;
}
