/** The user ended the command before it could begin its work. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
  override readonly message = 'interrupted';
}

/** The command line, or a file that it names, cannot be used; the message says what is wrong and what is allowed. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
