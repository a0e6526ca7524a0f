import { evaluateVariables, readTfvars, type VariableDeclaration } from '../../local/terraform/variables.ts';
import { VARIABLES, type Variable } from '../../stack/variable-table.ts';

/**
 * The values of a tfvars file, in HCL or JSON, checked by the rules of the stack before anything is built.
 * @throws TerraformError
 */
export async function readVariables(file: string): Promise<Record<string, unknown>> {
  const given = await readTfvars(file);
  evaluateVariables(
    Object.fromEntries(VARIABLES.map((variable) => [variable.name, declarationOf(variable)])),
    given,
  );
  return given;
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
