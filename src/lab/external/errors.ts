/** A program that a command needs is not on this machine; the message says which, and how to get it. */
export class MissingToolError extends Error {
  override readonly name = 'MissingToolError';

  constructor(
    readonly tool: string,
    message: string,
  ) {
    super(`${tool}: ${message}`);
  }
}

/** Another program failed, or its output cannot be understood. */
export class ExternalToolError extends Error {
  override readonly name = 'ExternalToolError';

  constructor(
    readonly tool: string,
    readonly reason: string,
  ) {
    super(`${tool}: ${reason}`);
  }
}
