import type { RequestHandle } from './handle.ts';
import type { Result } from './result.ts';

/** Everything that the client library throws by itself; errors of AWS pass through as the SDK throws them. */
export class SmootherError extends Error {
  override readonly name: string = 'SmootherError';
}

/** The options, the outputs or a request are not what they must be. */
export class SmootherUsageError extends SmootherError {
  override readonly name = 'SmootherUsageError';
}

/**
 * `submitMany` has not sent all requests. `cause` is what failed first: the error of a request, the signal's reason, or what the
 * caller's own code has thrown.
 */
export class SubmitManyError extends SmootherError {
  override readonly name = 'SubmitManyError';
  /** @internal */
  constructor(
    /** Of all requests that were sent, in their order. */
    readonly handles: readonly RequestHandle[],
    cause: unknown,
  ) {
    const sent = handles.length === 1 ? '1 request was' : `${handles.length} requests were`;
    super(`Stopped after ${sent} sent: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

/** The request is not answered yet. It goes on: ask its handle again. */
export class ResultTimeoutError extends SmootherError {
  override readonly name = 'ResultTimeoutError';
  /** @internal */
  constructor(
    readonly requestId: string,
    readonly timeoutMs: number,
  ) {
    super(`No result of ${requestId} within ${timeoutMs} ms; the request goes on`);
  }
}

/** A request ended without an answer. One class for each status. */
export class RequestError extends SmootherError {
  override readonly name: string = 'RequestError';
  readonly requestId: string;
  /** Ours (`DeadlinePassed`, `InvalidMessage`, ...) or the name of Bedrock's exception: docs/messages.md, "Errors". */
  readonly type: string;

  /** @internal */
  constructor(readonly result: Result) {
    const { requestId, status, error } = result;
    super(`${requestId} ended ${status}: ${error?.message ?? 'no reason given'}`);
    this.requestId = requestId;
    this.type = error?.type ?? 'Unknown';
  }
}

/** Bedrock refused the call for good, or transient errors did not end. */
export class RequestFailedError extends RequestError {
  override readonly name = 'RequestFailedError';
}

/** The call had not started by its deadline. */
export class RequestExpiredError extends RequestError {
  override readonly name = 'RequestExpiredError';
}

/** The request was taken back before its call. */
export class RequestCancelledError extends RequestError {
  override readonly name = 'RequestCancelledError';
}

/** The message was refused; no request was made of it. */
export class RequestRejectedError extends RequestError {
  override readonly name = 'RequestRejectedError';
}

const CLASSES = {
  FAILED: RequestFailedError,
  EXPIRED: RequestExpiredError,
  CANCELLED: RequestCancelledError,
  REJECTED: RequestRejectedError,
};

/** The error for a result that is none. */
export function errorOf(result: Result): RequestError | undefined {
  return result.status === 'COMPLETED' ? undefined : new CLASSES[result.status](result);
}
