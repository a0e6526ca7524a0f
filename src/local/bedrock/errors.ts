/** The exceptions of bedrock-runtime and their HTTP statuses (Amazon Bedrock API reference, Converse, "Errors"). */
const HTTP_STATUS = {
  ValidationException: 400,
  ServiceQuotaExceededException: 400,
  AccessDeniedException: 403,
  ResourceNotFoundException: 404,
  UnknownOperationException: 404,
  ModelTimeoutException: 408,
  ModelErrorException: 424,
  ModelNotReadyException: 429,
  ThrottlingException: 429,
  InternalServerException: 500,
  ServiceUnavailableException: 503,
} as const;

export type BedrockErrorType = keyof typeof HTTP_STATUS;

/** What a call is answered with instead of a result; `message` is sent to the caller. */
export class BedrockError extends Error {
  override readonly name = 'BedrockError';
  readonly httpStatus: number;

  constructor(
    readonly type: BedrockErrorType,
    message: string,
  ) {
    super(message);
    this.httpStatus = HTTP_STATUS[type];
  }
}

/** An option outside its range; the message names option, range and value. */
export class SimulatorOptionError extends Error {
  override readonly name = 'SimulatorOptionError';

  constructor(
    readonly option: string,
    expected: string,
    readonly value: unknown,
  ) {
    super(`${option} must be ${expected}, got ${JSON.stringify(value)}`);
  }
}
