import { describe, expect, it } from 'vitest';
import type { Column } from '../../../src/cli/report/chart.ts';
import { drawChart } from '../../../src/cli/report/chart.ts';

const column = (fields: Partial<Column> = {}): Column => ({
  waiting: 0,
  demand: 0,
  released: 0,
  throttled: false,
  ...fields,
});

function draw(columns: Column[], quota = 8) {
  const lines = drawChart({ title: 'geo/x', unit: 'calls', columns, secondsPerColumn: 1, quota }).split('\n');
  const rate = lines.slice(lines.findIndex((line) => line.includes('calls a ')) + 1);
  return {
    lines,
    rate: rate.slice(
      0,
      rate.findIndex((line) => line.includes('└')),
    ),
  };
}

/** Filled rows of a column in the lower panel, from the bottom. */
function height(rows: string[], column: number): number {
  return rows.filter((row) => '▄▅▆▇█'.includes(row[10 + 2 * column] ?? ' ')).length;
}

describe('the chart', () => {
  it('draws releases at the quota right below its line, and half of them half as high', () => {
    const { rate } = draw([column({ released: 8 }), column({ released: 4 }), column()]);
    const line = rate.findIndex((row) => row.trim().startsWith('8 │'));
    expect(rate[line]).toContain('─');
    expect(rate.length - 1 - line).toBe(5);
    expect([0, 1, 2].map((at) => height(rate, at))).toEqual([4, 2, 0]);
  });

  it('shades demand above what is released, up to the top when it is far above', () => {
    const { rate, lines } = draw([column({ released: 8, demand: 300 }), column({ released: 8 })]);
    expect(rate[0]).toMatch(/│░░$/);
    expect(lines.at(-1)).toContain('demand (peak 300)');
    expect(lines.at(-1)).not.toContain('throttled');
  });

  it('counts a small quota by the minute', () => {
    const { lines, rate } = draw([column({ released: 0.1, demand: 0.2 })], 0.1);
    expect(lines.join('\n')).toContain('calls a minute');
    expect(lines.at(-1)).toContain('demand (peak 12)   ─ quota 6');
    expect(height(rate, 0)).toBe(4);
  });

  it('fits a terminal of 80 columns', () => {
    const lines = draw(Array.from({ length: 70 }, () => column({ demand: 1e6, throttled: true }))).lines;
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('marks throttled columns', () => {
    const { rate, lines } = draw([column({ throttled: true })]);
    expect(rate[0]).toContain('××');
    expect(lines.at(-1)).toContain('× throttled');
  });
});
