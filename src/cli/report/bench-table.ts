import { PRIORITIES } from '../../core/request/record.ts';
import type { BurstTime } from '../../lab/bench/bursts.ts';
import type { Family, Spread } from '../../lab/bench/family.ts';
import type { Figures, WaitFigures } from '../../lab/bench/figures.ts';
import type { PromiseFigures } from '../../lab/bench/promises.ts';
import type { AttainedUtilisation } from '../../lab/bench/utilisation.ts';
import { table } from './table.ts';

const COLUMNS = [
  ['enforcement', 15],
  ['used', 8],
  ['attainable', 15],
  ['ratio', 8],
  ['throttled', 11],
  ['gap/largest/unknowable', 24],
  ['burst s/least', 16],
  ['urgent beyond', 15],
  ['kept', 8],
  ['waited/expected', 19],
  ['promised/waited', 17],
  ['wait p50/p95/p99 s by priority', 0],
] as const;

export function benchHeader(): string {
  return row(COLUMNS.map(([title]) => title));
}

/** One line for each lane with a backlog, and one for each target that was missed. */
export function benchLines(figures: Figures): string[] {
  const { enforcement, utilisation, throttledShare, fairness, bursts, urgent } = figures;
  const ends = [
    percent(throttledShare, 3),
    `${fairness.gap}/${fairness.largest}/${fairness.unknowable}`,
    bursts.length === 0 ? '-' : bursts.map(burst).join(' '),
    urgent === undefined ? '-' : seconds(Math.max(0, urgent.beyondMs)),
    ...promiseCells(figures.promises),
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

/** The family's table, and the worst of its members by name. */
export function familyLines({ spreads, worst, members }: Family, seed: number): string[] {
  const head = ['', 'workloads', 'worst', 'p5', 'median', 'target', ''];
  const rows = spreads.map(({ measure, members, target, met, ...values }) => [
    measure,
    String(members),
    ...[values.worst, values.p5, values.median].map((value) => spreadValue(measure, value)),
    target,
    met ? 'met' : 'missed',
  ]);
  const realSeconds = members.reduce((sum, { realMs }) => sum + realMs, 0) / 1_000;
  return [
    table(head, rows),
    '',
    `${members.length} workloads of seed ${seed} in ${Math.round(realSeconds)} s of computing`,
    ...(worst.length === 0 ? [] : ['', 'Furthest from the targets; run one with --only NAME:']),
    ...worst.flatMap(({ member, misses }) => [`${member.name}  ${misses.join('; ')}`, `    ${member.about}`]),
  ];
}

function spreadValue(measure: Spread['measure'], value: number): string {
  if (measure.startsWith('used')) return percent(value, 1);
  return measure.startsWith('throttled') ? percent(value, 3) : String(Number(value.toFixed(2)));
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

function promiseCells(promises: PromiseFigures | undefined): string[] {
  if (promises === undefined) return ['-', '-', '-'];
  const { kept, waitedOfExpected: waited, promisedOfWaited: promised } = promises;
  const times = (ratios: number[]) => ratios.map((ratio) => ratio.toFixed(ratio < 10 ? 2 : 0)).join('/');
  return [percent(kept, 1), times([waited.p5, waited.p50, waited.p95]), times([promised.p50, promised.p95])];
}

function waits({ p50, p95, p99 }: WaitFigures): string {
  return [p50, p95, p99].map(seconds).join('/');
}

function burst({ tookMs, leastMs }: BurstTime): string {
  return `${seconds(tookMs)}/${seconds(leastMs)}`;
}

function seconds(ms: number): string {
  return ms < 10_000 ? (ms / 1_000).toFixed(1) : String(Math.round(ms / 1_000));
}

function percent(share: number, digits: number): string {
  return `${(share * 100).toFixed(digits)}%`;
}

function row(cells: readonly string[]): string {
  return cells.map((cell, index) => cell.padEnd(COLUMNS[index]?.[1] ?? 0)).join('');
}
