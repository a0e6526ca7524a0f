import { PRIORITIES } from '../../core/request/record.ts';
import type { Figures, WaitFigures } from '../../lab/bench/figures.ts';
import type { AttainedUtilisation } from '../../lab/bench/utilisation.ts';

const COLUMNS = [
  ['enforcement', 15],
  ['used', 8],
  ['attainable', 15],
  ['ratio', 8],
  ['throttled', 11],
  ['gap/largest/unknowable', 24],
  ['wait p50/p95/p99 s by priority', 0],
] as const;

export function benchHeader(): string {
  return row(COLUMNS.map(([title]) => title));
}

/** One line for each lane with a backlog, and one for each target that was missed. */
export function benchLines(figures: Figures): string[] {
  const { enforcement, utilisation, throttledShare, fairnessGapTokens, largestRequestTokens } = figures;
  const ends = [
    percent(throttledShare, 3),
    `${fairnessGapTokens}/${largestRequestTokens}/${figures.unknowableGapTokens}`,
    PRIORITIES.flatMap((it) => figures.waitMs[it] ?? [])
      .map(waits)
      .join('  '),
  ];
  const [first, ...others] = utilisation;
  const lines = [
    row([enforcement, ...shares(first), ...ends]),
    ...others.map((it) => row(['', ...shares(it)])),
  ];
  const missed = figures.marks.filter(({ met }) => !met).map(({ target }) => `  missed: ${target}`);
  return [...lines, ...(missed.length === 0 ? ['  all targets met'] : missed)];
}

function shares(utilisation: AttainedUtilisation | undefined): string[] {
  if (utilisation === undefined) return ['-', '-', '-'];
  const { used, attainable, ratio } = utilisation;
  return [
    percent(used, 1),
    `${percent(attainable.lower, 1)}-${percent(attainable.upper, 1)}`,
    percent(ratio, 1),
  ];
}

function waits({ p50, p95, p99 }: WaitFigures): string {
  return [p50, p95, p99]
    .map((ms) => (ms < 10_000 ? (ms / 1_000).toFixed(1) : Math.round(ms / 1_000)))
    .join('/');
}

function percent(share: number, digits: number): string {
  return `${(share * 100).toFixed(digits)}%`;
}

function row(cells: readonly string[]): string {
  return cells.map((cell, index) => cell.padEnd(COLUMNS[index]?.[1] ?? 0)).join('');
}
