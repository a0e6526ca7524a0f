import type { Waiting } from '../../lab/run/utilisation.ts';
import type { LaneStats } from '../../local/bedrock/stats.ts';
import { short } from './numbers.ts';

/** What happened during one column, in the unit of the chart. */
export interface Column {
  /** Requests that waited in the middle of it. */
  waiting: number;
  /** Requests accepted, per second. */
  demand: number;
  /** What Bedrock let through, per second. */
  released: number;
  throttled: boolean;
}

export interface ChartData {
  title: string;
  unit: string;
  columns: Column[];
  secondsPerColumn: number;
  /** The limit, per second. */
  quota: number;
}

const LABEL_WIDTH = 10;
/** With the labels, these fill the width of a terminal. */
const MAX_COLUMNS = 70;
/** Short runs get columns of two characters. */
const WIDE_UP_TO = MAX_COLUMNS / 2;
const BACKLOG_ROWS = 5;
const RATE_ROWS = 7;
/** The line of the quota is drawn at this part of the height. What is above it would be throttled. */
const QUOTA_HEIGHT = 0.6;
const EIGHTHS = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/** The data for a lane's chart, in tokens if these bind the lane and otherwise in calls. */
export function chartData(
  lane: LaneStats,
  waits: readonly Waiting[],
  binding: 'rpm' | 'tpm',
): ChartData | undefined {
  const { requestsPerMinute = 0, tokensPerMinute = 0 } = lane.limits;
  const seconds = lane.seconds.map(({ second }) => second);
  if (waits.length === 0 || seconds.length === 0) return undefined;
  const first = Math.floor(
    waits.reduce((least, { from }) => Math.min(least, from), Number.POSITIVE_INFINITY) / 1_000,
  );
  const last = Math.max(seconds.at(-1) ?? first, first);
  const secondsPerColumn = Math.ceil((last - first + 1) / MAX_COLUMNS);
  const columns: Column[] = Array.from({ length: Math.ceil((last - first + 1) / secondsPerColumn) }, () => ({
    waiting: 0,
    demand: 0,
    released: 0,
    throttled: false,
  }));
  const place = (second: number) => columns[Math.floor((second - first) / secondsPerColumn)];
  const ofToken = binding === 'tpm';
  const perCall = ofToken ? lane.tokens / Math.max(1, lane.calls) : 1;
  for (const { second, calls, tokens, throttles } of lane.seconds) {
    const column = place(second);
    if (!column) continue;
    column.released += (ofToken ? tokens : calls) / secondsPerColumn;
    column.throttled ||= throttles > 0;
  }
  for (const { from } of waits) {
    const column = place(Math.floor(from / 1_000));
    if (column) column.demand += perCall / secondsPerColumn;
  }
  for (const [index, column] of columns.entries()) {
    column.waiting = waitingDuring(
      waits,
      (first + index * secondsPerColumn) * 1_000,
      secondsPerColumn * 1_000,
    );
  }
  return {
    title: lane.lane,
    unit: ofToken ? 'tokens' : 'calls',
    columns,
    secondsPerColumn,
    quota: (ofToken ? tokensPerMinute : requestsPerMinute) / 60,
  };
}

/** How many requests waited in the middle of a stretch of time. */
function waitingDuring(waits: readonly Waiting[], from: number, length: number): number {
  const middle = from + length / 2;
  return waits.reduce((sum, wait) => sum + (wait.from <= middle && wait.until > middle ? 1 : 0), 0);
}

/** Two panels over one time axis: what waited, and what went to Bedrock compared with quota and demand. */
export function drawChart(data: ChartData): string {
  const { columns, quota, unit } = data;
  const width = columns.length <= WIDE_UP_TO ? 2 : 1;
  const mostWaiting = Math.max(1, ...columns.map(({ waiting }) => waiting));
  const top = quota / QUOTA_HEIGHT;
  const peak = Math.max(...columns.map(({ demand }) => demand));
  // A small quota is easier to read by the minute.
  const [perUnit, time] = quota < 1 ? [60, 'minute'] : [1, 'second'];
  const rate = (perSecond: number) => short(perSecond * perUnit);
  const indent = ' '.repeat(LABEL_WIDTH);
  const lines = [
    data.title,
    '',
    `${indent}requests waiting`,
    ...panel(
      columns,
      BACKLOG_ROWS,
      width,
      (row) => (row === BACKLOG_ROWS - 1 ? short(mostWaiting) : ''),
      ({ waiting }, row) => block(waiting / mostWaiting, row, BACKLOG_ROWS),
    ),
    axis(columns.length * width),
    '',
    `${indent}${unit} a ${time}`,
    ...panel(
      columns,
      RATE_ROWS,
      width,
      (row) => (row === quotaRow() ? rate(quota) : ''),
      (column, row) => rateCell(column, row, quota, top),
    ),
    axis(columns.length * width),
    timeScale(data, width),
    '',
    `${indent}█ released   ░ demand (peak ${rate(peak)})   ─ quota ${rate(quota)}${
      columns.some(({ throttled }) => throttled) ? '   × throttled' : ''
    }`,
  ];
  return lines.map((line) => line.trimEnd()).join('\n');
}

function panel(
  columns: readonly Column[],
  rows: number,
  width: number,
  label: (row: number) => string,
  cell: (column: Column, row: number) => string,
): string[] {
  return Array.from({ length: rows }, (_, index) => {
    const row = rows - 1 - index;
    return `${label(row).padStart(LABEL_WIDTH - 2)} │${columns.map((column) => cell(column, row).repeat(width)).join('')}`;
  });
}

function rateCell({ released, demand, throttled }: Column, row: number, quota: number, top: number): string {
  const bar = block(released / top, row, RATE_ROWS);
  if (throttled && row === RATE_ROWS - 1) return '×';
  if (bar !== ' ') return bar;
  if (block(demand / top, row, RATE_ROWS) !== ' ') return '░';
  return row === quotaRow() && quota > 0 ? '─' : ' ';
}

/** The first row above the quota. */
function quotaRow(): number {
  return Math.ceil(QUOTA_HEIGHT * RATE_ROWS);
}

/** The part of a bar of this height (1 = full) that is in a row. */
function block(height: number, row: number, rows: number): string {
  const eighths = Math.round((height * rows - row) * 8);
  return EIGHTHS[Math.min(8, Math.max(0, eighths))] ?? ' ';
}

function axis(width: number): string {
  return `${' '.repeat(LABEL_WIDTH - 1)}└${'─'.repeat(width)}`;
}

function timeScale({ columns, secondsPerColumn }: ChartData, width: number): string {
  const step = 10;
  let line = ' '.repeat(LABEL_WIDTH);
  for (let column = 0; column < columns.length; column += Math.ceil(step / width)) {
    line = `${line.padEnd(LABEL_WIDTH + column * width)}${column * secondsPerColumn}s`;
  }
  return line;
}
