import type { HoldMessage } from './hold-message.ts';

export class RequestPortError extends Error {
  override readonly name: string = 'RequestPortError';
}

/** The payload's object is gone: expired by lifecycle, or deleted by hand. */
export class PayloadMissingError extends RequestPortError {
  override readonly name = 'PayloadMissingError';
  constructor(readonly key: string) {
    super(`No payload at ${key}`);
  }
}

/** A producer's object is larger than any request may be. */
export class InboxObjectTooLargeError extends RequestPortError {
  override readonly name = 'InboxObjectTooLargeError';
  constructor(
    readonly key: string,
    readonly bytes: number,
    readonly limit: number,
  ) {
    super(`${key} must have at most ${limit} bytes, has ${bytes}`);
  }
}

/** A producer's object is encrypted with a KMS key that ingestion may not use, or that cannot be used now. */
export class InboxObjectEncryptedError extends RequestPortError {
  override readonly name = 'InboxObjectEncryptedError';
  constructor(readonly key: string) {
    super(`${key} is encrypted with a KMS key that cannot be used to read it`);
  }
}

/** The Hold Next Batch queue has not taken these messages; all others it has. */
export class ReleasesNotSentError extends RequestPortError {
  override readonly name = 'ReleasesNotSentError';
  constructor(
    readonly unsent: readonly HoldMessage[],
    options?: ErrorOptions,
  ) {
    super(`${unsent.length} messages of releases could not be sent`, options);
  }
}

/** Written by a newer release than this one. */
export class UnknownVersionError extends RequestPortError {
  override readonly name = 'UnknownVersionError';
  constructor(
    readonly shape: string,
    readonly version: unknown,
    newest: number,
  ) {
    super(`${shape} of version ${version}: this release reads versions up to ${newest}`);
  }
}

/** What was found in a queue, a table or the bucket is not what our functions write there. */
export class MalformedError extends RequestPortError {
  override readonly name = 'MalformedError';
  constructor(
    readonly shape: string,
    readonly field: string,
    expected: string,
    actual: string,
  ) {
    const problem = actual === 'undefined' ? 'missing' : `must be of type ${expected}, is ${actual}`;
    super(`${shape}: ${field}: ${problem}`);
  }
}
