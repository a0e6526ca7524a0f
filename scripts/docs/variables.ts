/** What people read about the variables, written from the table. */

import { VARIABLES, type Variable } from '../../src/stack/variable-table.ts';
import { renderTable } from './markdown.ts';

/** README's configuration table, in Markdown. */
export function renderVariablesTable(variables: readonly Variable[] = VARIABLES): string {
  const rows = variables.map((variable) => [
    `\`${variable.name}\``,
    `\`${shortType(variable.type)}\``,
    variable.default === undefined ? 'required' : `\`${JSON.stringify(variable.default)}\``,
    variable.description,
  ]);
  return renderTable([['name', 'type', 'default', 'what it does'], ...rows]);
}

/** A tfvars file with every variable at its default; only the required ones need an answer. */
export function renderTfvarsExample(variables: readonly Variable[] = VARIABLES): string {
  const header = '# Copy to <environment>.tfvars and delete what should keep its default.\n';
  return [header, ...variables.map(renderAssignment)].join('\n');
}

function renderAssignment({ name, default: value, description, example, rules }: Variable): string {
  const comments = [description, ...rules.map((rule) => rule.message)];
  if (value === undefined) return block(comments, `${name} = ${example}`);
  const shown = example === undefined ? comments : [...comments, `${name} = ${example}`];
  return block(shown, `${name} = ${JSON.stringify(value)}`);
}

function block(comments: string[], assignment: string): string {
  const lines = comments.flatMap((comment) => comment.split('\n'));
  return `${lines.map((line) => `# ${line}`).join('\n')}\n${assignment}\n`;
}

/** Details of object types are in the tfvars example; a table cell needs the outline. */
function shortType(type: string): string {
  return type.replace(/object\(.*\)(?=\))/, 'object');
}
