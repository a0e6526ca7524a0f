/** What people read about the variables, written from the table. */
import { VARIABLES, type Variable } from '../../src/stack/variable-table.ts';

const START = '<!-- variables -->';
const END = '<!-- /variables -->';

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

/** In aligned columns, as the formatter of the repository's documents wants them. */
function renderTable([header = [], ...rows]: string[][]): string {
  const widths = header.map((_, column) =>
    Math.max(...[header, ...rows].map((cells) => cells[column]?.length ?? 0)),
  );
  const rule = widths.map((width) => '-'.repeat(width));
  return [header, rule, ...rows]
    .map((cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`)
    .join('\n');
}

/**
 * Puts the table between README's markers.
 * @throws MarkersError when the document does not hold both, in order
 */
export function withVariablesTable(document: string): string {
  const start = document.indexOf(START);
  const end = document.indexOf(END);
  if (start < 0 || end < start) throw new MarkersError();
  return `${document.slice(0, start + START.length)}\n${renderVariablesTable()}\n${document.slice(end)}`;
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

export class MarkersError extends Error {
  override readonly name = 'MarkersError';
  constructor() {
    super(`README.md must hold ${START} and, after it, ${END}`);
  }
}
