const NOT_ALLOWED = /AccessDenied|NotAuthorized|AuthorizationError|Unauthorized|^403$/i;

/** By the name of an error of AWS: the credentials do not allow what was asked. Services name it differently. */
export function isNotAllowed(name: string): boolean {
  return NOT_ALLOWED.test(name);
}

export class OperationsError extends Error {
  override readonly name: string = 'OperationsError';
}

/** A message in reporting's dead-letter queue that Lambda has not put there. */
export class UnknownDeadLetterError extends OperationsError {
  override readonly name = 'UnknownDeadLetterError';
  constructor(readonly messageId: string) {
    super(
      `Dead letter ${messageId} is not one of Lambda's (it has no DDBStreamBatchInfo); drop it: smoother dead-letters drop --queue reporting --id ${messageId}`,
    );
  }
}

/** Some changes still cannot be counted. The others were. */
export class NotCountedError extends OperationsError {
  override readonly name = 'NotCountedError';
  constructor(
    readonly notCounted: number,
    readonly requestId: string,
    options: ErrorOptions,
  ) {
    super(
      `${notCounted} changes could not be counted, the first of request ${requestId}: ${options.cause}`,
      options,
    );
  }
}
