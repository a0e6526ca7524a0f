/** Columns as wide as their widest cell. `toTheLeft`, by number from 0: columns that are; the others go to the right. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  toTheLeft: (column: number) => boolean = (column) => column === 0,
): string {
  if (rows.length === 0) return '';
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return toTheLeft(column) ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('   ')
      .trimEnd();
  return all.map(line).join('\n');
}
