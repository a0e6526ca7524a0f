/**
 * - throttled, throttled_daily: a quota is used up
 * - transient: the service or the network fails
 * - faulted: the model failed on this call, which may or may not be the request's own fault
 * - timed_out: no answer in the time that the call had
 * - invalid: the call will never work
 * - denied: the call will not work until somebody acts
 */
export type ModelErrorKind =
  | 'throttled'
  | 'throttled_daily'
  | 'transient'
  | 'faulted'
  | 'timed_out'
  | 'invalid'
  | 'denied';

export interface ModelErrorDetails {
  kind: ModelErrorKind;
  /** The exception's name, as Bedrock or the network gave it. */
  type: string;
  message: string;
  /** How long Bedrock asks to wait. */
  retryAfterMs?: number;
  /** Bedrock itself said so: the call is over, and has put out nothing. Otherwise it may still be served. */
  isAnswer?: boolean;
}

export class InvocationError extends Error {
  override readonly name: string = 'InvocationError';
}

export class ModelError extends InvocationError {
  override readonly name = 'ModelError';
  readonly kind: ModelErrorKind;
  readonly type: string;
  readonly retryAfterMs?: number;
  readonly isAnswer: boolean;

  constructor(
    { kind, type, message, retryAfterMs, isAnswer = false }: ModelErrorDetails,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.kind = kind;
    this.type = type;
    this.retryAfterMs = retryAfterMs;
    this.isAnswer = isAnswer;
  }
}

/** A release could not be called: its request is set aside, and comes back without having spent an attempt. */
export class PayloadUnreadableError extends InvocationError {
  override readonly name = 'PayloadUnreadableError';

  constructor(
    readonly requestId: string,
    cause: unknown,
  ) {
    super(`The payload of ${requestId} could not be read: ${cause}`, { cause });
  }
}

/** Some releases of a bundle could not be dealt with; the others were. */
export class BundleError extends AggregateError {
  override readonly name = 'BundleError';

  constructor(
    readonly lane: string,
    releases: number,
    errors: unknown[],
  ) {
    super(
      errors,
      `${errors.length} of ${releases} releases of lane ${lane} failed: ${errors.map(String).join('; ')}`,
    );
  }
}
