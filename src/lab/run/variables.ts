import { type LoadedVariables, loadTfvars } from '../../local/terraform/tfvars.ts';
import type { VariableDeclaration } from '../../local/terraform/variables.ts';
import { VARIABLES, type Variable } from '../../stack/variable-table.ts';

/**
 * The values of a tfvars file, in HCL or JSON, checked by the rules of the stack before anything is built.
 * @throws TfvarsError with all mistakes of the file
 */
export function readVariables(file: string): Promise<LoadedVariables> {
  return loadTfvars(
    file,
    Object.fromEntries(VARIABLES.map((variable) => [variable.name, declarationOf(variable)])),
  );
}

/** As it is in the synthesised stack. */
function declarationOf({ type, default: value, rules }: Variable): VariableDeclaration {
  return {
    type,
    default: value,
    nullable: false,
    validation: rules.map(({ condition, message }) => ({
      condition: `\${${condition}}`,
      error_message: message,
    })),
  };
}
