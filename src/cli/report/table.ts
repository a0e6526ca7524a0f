const GAP = '  ';

/**
 * Columns are as wide as their widest cell. The first one is aligned to the left and the others to the right. In a table
 * that is too wide for the terminal, long names in the first column lose their middle. What goes to a file or to another
 * program is whole.
 */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  terminalWidth = process.stdout.columns ?? Number.POSITIVE_INFINITY,
): string {
  if (rows.length === 0) return '';
  const all = [head, ...rows];
  const widths = head.map((_, column) =>
    all.reduce((widest, row) => Math.max(widest, (row[column] ?? '').length), 0),
  );
  const [first = 0, ...others] = widths;
  const left = terminalWidth - others.reduce((sum, width) => sum + width + GAP.length, 0);
  widths[0] = Math.max((head[0] ?? '').length, Math.min(first, left));
  const line = (row: readonly string[]) =>
    widths
      .map((width, column) => {
        const cell = row[column] ?? '';
        return column === 0 ? shorten(cell, width).padEnd(width) : cell.padStart(width);
      })
      .join(GAP)
      .trimEnd();
  return all.map(line).join('\n');
}

function shorten(text: string, width: number): string {
  if (text.length <= width) return text;
  const tail = Math.floor((width - 1) / 2);
  return `${text.slice(0, width - 1 - tail)}…${text.slice(text.length - tail)}`;
}
