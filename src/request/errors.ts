export class RequestPortError extends Error {
  override readonly name: string = 'RequestPortError';
}

/** The payload's object is gone (expired by lifecycle, or deleted by hand). */
export class PayloadMissingError extends RequestPortError {
  override readonly name = 'PayloadMissingError';
  constructor(readonly key: string) {
    super(`No payload at ${key}`);
  }
}
