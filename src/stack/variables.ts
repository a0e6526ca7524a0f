import { TerraformVariable } from 'cdktf';
import type { Construct } from 'constructs';
import { VARIABLES, type Variable, type VariableName } from './variable-table.ts';

export type Variables = Record<VariableName, TerraformVariable>;

/** Declares every variable of the table, on the stack itself: inside a construct, its name would get a generated suffix. */
export function declareVariables(stack: Construct): Variables {
  return Object.fromEntries(
    VARIABLES.map((variable) => [variable.name, declare(stack, variable)]),
  ) as Variables;
}

function declare(stack: Construct, { name, type, description, default: value, rules }: Variable) {
  const validation = rules.map(({ condition, message }) => ({
    condition: `\${${condition}}`,
    errorMessage: message,
  }));
  return new TerraformVariable(stack, name, {
    type,
    description,
    default: value,
    nullable: false,
    validation: validation.length > 0 ? validation : undefined,
  });
}
