/** The exceptions of bedrock-runtime and their HTTP statuses (Amazon Bedrock API reference, Converse, "Errors"). */
const HTTP_STATUS = {
  ValidationException: 400,
  ServiceQuotaExceededException: 400,
  AccessDeniedException: 403,
  ResourceNotFoundException: 404,
  UnknownOperationException: 404,
  ModelTimeoutException: 408,
  ConflictException: 409,
  ModelErrorException: 424,
  ModelStreamErrorException: 424,
  ModelNotReadyException: 429,
  ThrottlingException: 429,
  InternalServerException: 500,
  NotImplementedException: 501,
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
