import { LocalCloudError } from '../errors.ts';

/** Base of what the local cloud has to say about a stack that it cannot bring to life. */
export class TerraformError extends LocalCloudError {
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

/** Something wrong with the value of one variable. */
export interface VariableMistake {
  variable: string;
  problem: string;
}

/** Values that break the types or validations of their variables: all of them, one a line. */
export class VariableError extends LocalCloudError {
  override name = 'VariableError';

  constructor(readonly mistakes: readonly VariableMistake[]) {
    super(mistakes.map(({ variable, problem }) => `var.${variable}: ${problem}`).join('\n'));
  }
}

/** Something wrong with a line of a tfvars file. */
export interface TfvarsMistake {
  /** From 1. Absent: the mistake is that something is not in the file. */
  line?: number;
  variable?: string;
  problem: string;
}

/** All mistakes of a tfvars file, one a line, each with file, line and variable. */
export class TfvarsError extends LocalCloudError {
  override name = 'TfvarsError';

  constructor(
    readonly file: string,
    readonly mistakes: readonly TfvarsMistake[],
  ) {
    super(
      mistakes
        .map(({ line, variable, problem }) =>
          [line === undefined ? file : `${file}:${line}`, variable, problem]
            .filter((part) => part !== undefined)
            .join(': '),
        )
        .join('\n'),
    );
  }
}
