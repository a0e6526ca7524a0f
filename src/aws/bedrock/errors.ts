import { ModelError, type ModelErrorKind } from '../../core/invocation/errors.ts';

/** By exception name: https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html */
export const EXCEPTION_KINDS: Readonly<Record<string, ModelErrorKind>> = {
  ThrottlingException: 'throttled',
  ModelNotReadyException: 'transient',
  ServiceUnavailableException: 'transient',
  InternalServerException: 'transient',
  ModelTimeoutException: 'faulted',
  ModelErrorException: 'faulted',
  ModelStreamErrorException: 'faulted',
  // The SDK's documentation: "You can resubmit your request later."
  ServiceQuotaExceededException: 'faulted',
  ValidationException: 'invalid',
  AccessDeniedException: 'denied',
  ResourceNotFoundException: 'denied',
};

/** How the SDK calls an exception without a name. */
const UNNAMED = 'Unknown';

/** What the network, not Bedrock, says: Node's codes. A reset connection comes as a TimeoutError of the SDK. */
const NETWORK_CODES = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

/** Node's word for a text that goes into no HTTP header: the call cannot be sent, now or later. */
const UNSENDABLE_CODE = 'ERR_INVALID_CHAR';

/** Bedrock may repeat what it refuses, and a record holds no more than 400 KB. Characters. */
const LONGEST_MESSAGE = 4_000;

/** Translates an error of the SDK; undefined when it says nothing about the call, Bedrock or the network. */
export function modelErrorOf(error: unknown, timeoutMs: number): ModelError | undefined {
  if (!(error instanceof Error)) return undefined;
  const { name, message, code, $metadata, $response } = error as SdkError;
  if (name === 'AbortError') {
    return new ModelError(
      {
        kind: 'timed_out',
        type: 'TimeoutError',
        message: `No answer within ${Math.round(timeoutMs / 1_000)} seconds`,
      },
      { cause: error },
    );
  }
  const status = $metadata?.httpStatusCode;
  const kind = kindOf(name, message, code, status);
  if (kind === undefined) return undefined;
  return new ModelError(
    {
      kind,
      type: typeOf(name, code, status),
      message: message.length <= LONGEST_MESSAGE ? message : `${message.slice(0, LONGEST_MESSAGE)}…`,
      retryAfterMs: retryAfterMs($response?.headers?.['retry-after']),
      // What was never sent has put out nothing either.
      isAnswer: status !== undefined || code === UNSENDABLE_CODE,
    },
    { cause: error },
  );
}

/** What the request's result gives as `error.type`. */
function typeOf(name: string, code?: string, status?: number): string {
  if (name in EXCEPTION_KINDS || name === 'TimeoutError') return name;
  if (code === UNSENDABLE_CODE) return 'ValidationException';
  if (status === undefined) return 'NetworkError';
  // An answer from something between us and Bedrock has no exception's name, and may not even be JSON.
  return name === 'SyntaxError' || name === UNNAMED ? `Http${status}` : name;
}

function kindOf(name: string, message: string, code?: string, status?: number): ModelErrorKind | undefined {
  const named = EXCEPTION_KINDS[name];
  if (named === 'throttled' && /per day/i.test(message)) return 'throttled_daily';
  if (named !== undefined) return named;
  if (code === UNSENDABLE_CODE) return 'invalid';
  if (name === 'TimeoutError' || (code !== undefined && NETWORK_CODES.has(code))) return 'transient';
  return status === undefined ? undefined : kindOfStatus(status);
}

/** For exceptions without a known name (529 has none). */
function kindOfStatus(status: number): ModelErrorKind {
  if (status === 429) return 'throttled';
  if (status === 401 || status === 403 || status === 404) return 'denied';
  if (status >= 400 && status < 500 && status !== 408 && status !== 424) return 'invalid';
  return 'transient';
}

/** Seconds; a date is not worth its parsing, no Bedrock answer has carried one. */
function retryAfterMs(header: string | undefined): number | undefined {
  const seconds = Number(header);
  return header !== undefined && Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
}

interface SdkError extends Error {
  code?: string;
  $metadata?: { httpStatusCode?: number };
  $response?: { headers?: Record<string, string> };
}
