import type { Interval } from '../../core/operations/ports.ts';
import { COUNTERS, type Grouping, type UsageLine } from '../../core/operations/usage.ts';
import { counted, moment } from './numbers.ts';
import { table } from './table.ts';
import { USAGE_HEADS, usageCells } from './usage-cells.ts';

/** Its many columns leave no room for names on a narrower terminal, which may wrap them. */
const LEAST_WIDTH = 132;

export function usageTable(by: Grouping, lines: readonly UsageLine[], { from, to }: Interval): string {
  const range = `${moment(from)} to ${moment(to)}`;
  if (lines.length === 0) return `Nothing arrived and nothing ended from ${range}.`;
  const unpriced = lines.reduce((sum, line) => sum + line.unpriced, 0);
  return [
    `From ${range}:`,
    table(
      [by, ...USAGE_HEADS],
      lines.map(usageCells),
      Math.max(LEAST_WIDTH, process.stdout.columns ?? Number.POSITIVE_INFINITY),
    ),
    ...(unpriced === 0
      ? []
      : [
          `Costs leave out ${counted(unpriced, 'answer')}: there is no list price here, or no word of the tokens used.`,
        ]),
  ].join('\n');
}

const FIGURES = ['cost_usd', 'won_back_tokens'] as const;
const DURATIONS = ['wait_ms', 'latency_ms'] as const;
const PERCENTILES = ['p50', 'p95', 'p99'] as const;

/** All figures, as RFC 4180 has it. */
export function usageCsv(by: Grouping, lines: readonly UsageLine[]): string {
  const head = [
    by,
    ...COUNTERS,
    ...FIGURES,
    ...DURATIONS.flatMap((name) => PERCENTILES.map((percentile) => `${name}_${percentile}`)),
  ];
  const rows = lines.map((line) => [
    line.name,
    ...COUNTERS.map((counter) => line[counter]),
    ...FIGURES.map((name) => line[name]),
    ...DURATIONS.flatMap((name) => PERCENTILES.map((percentile) => line[name][percentile] ?? '')),
  ]);
  return csv([head, ...rows]);
}

/** @see https://www.rfc-editor.org/rfc/rfc4180 */
export function csv(rows: readonly (readonly (string | number)[])[]): string {
  return rows.map((row) => row.map(csvCell).join(',')).join('\r\n');
}

function csvCell(value: string | number): string {
  const text = String(value);
  // A spreadsheet would run a name that begins like a formula.
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
