export class AwsAdapterError extends Error {
  override readonly name: string = 'AwsAdapterError';
}

/** The function's environment is not as its code needs it. Names every variable that is wrong. */
export class EnvironmentError extends AwsAdapterError {
  override readonly name = 'EnvironmentError';
  constructor(readonly problems: readonly string[]) {
    super(problems.join('; '));
  }
}

/** A function was invoked with something else than its event source sends. */
export class EventError extends AwsAdapterError {
  override readonly name = 'EventError';
  constructor(readonly source: string) {
    super(`event: Records missing. This function is invoked by ${source} only, and not by hand`);
  }
}

/** Some messages of a batch were refused, again and again. */
export class MessagesNotSentError extends AwsAdapterError {
  override readonly name = 'MessagesNotSentError';
  constructor(
    readonly queueUrl: string,
    /** Bodies. */
    readonly notSent: readonly string[],
    readonly code: string | undefined,
  ) {
    super(`${notSent.length} messages could not be sent to ${queueUrl}: ${code ?? 'no reason given'}`);
  }
}
