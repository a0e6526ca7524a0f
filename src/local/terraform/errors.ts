/** Base of all that the local cloud has to say about a stack it cannot bring to life. */
export class TerraformError extends Error {
  override name = 'TerraformError';
  /** @param address the Terraform address of the offending part, e.g. `aws_sqs_queue.input.name` */
  constructor(
    readonly address: string,
    message: string,
  ) {
    super(`${address}: ${message}`);
  }
}

/** An expression that is malformed, uses something the local cloud does not know, or fails. */
export class ExpressionError extends Error {
  override name = 'ExpressionError';
}

/** A value that breaks a variable's type or validation. */
export class VariableError extends TerraformError {
  override name = 'VariableError';
}
