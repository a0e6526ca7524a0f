import { TerraformVariable } from 'cdktf';
import type { Construct } from 'constructs';
import { VARIABLES, type Variable, type VariableName } from '../configuration/variables.ts';

export type Variables = Record<VariableName, TerraformVariable>;

/** Declares every variable of the table. On the stack itself, or Terraform would not see its plain name. */
export function declareVariables(stack: Construct): Variables {
  const declared = VARIABLES.map((variable: Variable) => [
    variable.name,
    new TerraformVariable(stack, variable.name, {
      type: variable.type,
      default: variable.default,
      description: variable.description,
      nullable: false,
      validation: variable.rules.map(({ condition, message }) => ({
        condition: `\${${condition}}`,
        errorMessage: message,
      })),
    }),
  ]);
  return Object.fromEntries(declared);
}
