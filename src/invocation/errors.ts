/** Throttles are the quota's word, transient errors the service's; `invalid` will never work, `denied` not until somebody acts. */
export type ModelErrorKind = 'throttled' | 'throttled_daily' | 'transient' | 'invalid' | 'denied';

export interface ModelErrorDetails {
  kind: ModelErrorKind;
  /** The exception's name, as Bedrock or the network gave it. */
  type: string;
  message: string;
  /** How long Bedrock asks to wait. */
  retryAfterMs?: number;
}

export class InvocationError extends Error {
  override readonly name: string = 'InvocationError';
}

export class ModelError extends InvocationError {
  override readonly name = 'ModelError';
  readonly kind: ModelErrorKind;
  readonly type: string;
  readonly retryAfterMs?: number;

  constructor({ kind, type, message, retryAfterMs }: ModelErrorDetails, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
    this.type = type;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Some releases of a bundle could not be dealt with; the others were. Leases bring the lost ones back. */
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
