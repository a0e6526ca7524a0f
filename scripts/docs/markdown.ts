/** Markdown that is written from code into documents which people write. */

/** A table in aligned columns, as the formatter of the repository's documents wants them. */
export function renderTable([header = [], ...rows]: string[][]): string {
  const widths = header.map((_, column) =>
    Math.max(...[header, ...rows].map((cells) => cells[column]?.length ?? 0)),
  );
  const rule = widths.map((width) => '-'.repeat(width));
  return [header, rule, ...rows]
    .map((cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`)
    .join('\n');
}

/**
 * Puts `text` between a document's markers `<!-- name -->` and `<!-- /name -->`.
 * @throws MarkersError when the document does not hold both, in order
 */
export function between(name: string, document: string, text: string): string {
  const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [from, to] = [document.indexOf(start), document.indexOf(end)];
  if (from < 0 || to < from) throw new MarkersError(start, end);
  return `${document.slice(0, from + start.length)}\n${text}\n${document.slice(to)}`;
}

const WIDTH = 100;

/** JSON text in which every part that fits in a line is one line, as people write it. */
export function jsonText(value: unknown, indent = ''): string {
  const line = jsonLine(value);
  const isWhole = indent === '';
  if (typeof value !== 'object' || value === null) return line;
  if (!isWhole && line.length <= WIDTH - indent.length) return line;
  const inner = `${indent}  `;
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  const members = membersOf(value, (member) => jsonText(member, inner));
  return `${open}\n${members.map((member) => inner + member).join(',\n')}\n${indent}${close}`;
}

function jsonLine(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = membersOf(value, jsonLine).join(', ');
  if (Array.isArray(value)) return `[${members}]`;
  return members === '' ? '{}' : `{ ${members} }`;
}

function membersOf(value: object, text: (member: unknown) => string): string[] {
  if (Array.isArray(value)) return value.map(text);
  return Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .map(([name, member]) => `${JSON.stringify(name)}: ${text(member)}`);
}

export class MarkersError extends Error {
  override readonly name = 'MarkersError';
  constructor(start: string, end: string) {
    super(`The document must hold ${start} and, after it, ${end}`);
  }
}
