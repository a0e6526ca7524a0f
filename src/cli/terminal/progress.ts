import type { Progress } from '../../lab/run/run.ts';
import { duration, short, timeOfDay } from '../report/numbers.ts';
import type { Terminal } from './printer.ts';

const BAR_WIDTH = 30;
const BAR_REFRESH_MS = 250;
const LINE_REFRESH_MS = 2_000;
/** The speed is measured over at least this much time and this many results. */
const SPEED_MS = 15_000;
const SPEED_RESULTS = 10;
/** With fewer results there is no telling. */
const LEAST_RESULTS = 5;

/** Shows progress: bars on a terminal, otherwise a line now and then. `end` draws the latest progress. */
export function showProgress(
  terminal: Terminal,
  total: number,
  now: () => number = Date.now,
): { show(progress: Progress): void; end(): void } {
  const everyMs = terminal.isTTY ? BAR_REFRESH_MS : LINE_REFRESH_MS;
  const leftAt = remaining(total, now);
  let drawn: { at: number; lines: number } | undefined;
  let undrawn: string[] | undefined;
  const draw = (lines: string[]) => {
    if (drawn !== undefined && terminal.isTTY) terminal.write(`\u001b[${drawn.lines}A\u001b[0J`);
    drawn = { at: now(), lines: lines.length };
    undrawn = undefined;
    terminal.write(`${lines.join('\n')}\n`);
  };
  return {
    show(progress) {
      const left = leftAt(progress);
      undrawn = terminal.isTTY ? bars(progress, total, left) : [progressLine(progress, total, left)];
      if (drawn === undefined || now() >= drawn.at + everyMs) draw(undrawn);
    },
    end() {
      if (undrawn !== undefined) draw(undrawn);
    },
  };
}

/** Estimates how many milliseconds are left, by the latest speed; undefined when there is no telling. */
function remaining(total: number, now: () => number): (progress: Progress) => number | undefined {
  const samples: { at: number; answered: number }[] = [];
  return ({ sent, answered }) => {
    const at = now();
    samples.push({ at, answered });
    const isPast = (it = { at, answered }) =>
      it.at <= at - SPEED_MS && it.answered <= answered - SPEED_RESULTS;
    while (isPast(samples[1])) samples.shift();
    const [oldest = { at, answered }] = samples;
    if (sent < total || answered === total || answered < oldest.answered + LEAST_RESULTS) return undefined;
    return ((total - answered) * (at - oldest.at)) / (answered - oldest.answered);
  };
}

export function progressLine(progress: Progress, total: number, leftMs?: number): string {
  const { sent, answered, running, calls, throttled, waitingFor } = progress;
  if (waitingFor !== undefined) return waiting(waitingFor, leftMs);
  const parts = [
    sent < total ? `sent ${part(sent, total)}, ended ${count(answered)}` : `ended ${part(answered, total)}`,
    `Bedrock: ${running} running, ${count(calls)} calls, ${throttled} throttled`,
    ...left(leftMs),
  ];
  return parts.join('; ');
}

/** Messages sent, results received, and what Bedrock sees. */
export function bars(progress: Progress, total: number, leftMs?: number): string[] {
  const { sent, answered, running, calls, throttled, waitingFor } = progress;
  return [
    `  sent     ${bar(sent, total)} ${part(sent, total)}`,
    `  ended    ${bar(answered, total)} ${[part(answered, total), ...left(leftMs)].join(', ')}`,
    `  Bedrock  ${running} running · ${count(calls)} calls · ${throttled} throttled`,
    ...(waitingFor === undefined ? [] : [`  ${waiting(waitingFor, undefined)}`]),
  ];
}

function part(some: number, total: number): string {
  return `${count(some)} of ${count(total)}`;
}

function count(number: number): string {
  return number < 100_000 ? String(number) : short(number);
}

function left(ms: number | undefined): string[] {
  return ms === undefined ? [] : [`about ${duration(Math.max(1_000, ms))} left`];
}

function waiting({ what, until }: NonNullable<Progress['waitingFor']>, leftMs: number | undefined): string {
  return `Waiting for ${[what, ...left(leftMs)].join(', ')}; gives up at ${timeOfDay(until)}`;
}

export function bar(part: number, whole: number): string {
  const eighths = Math.round(Math.min(1, whole === 0 ? 0 : part / whole) * BAR_WIDTH * 8);
  const full = Math.floor(eighths / 8);
  const rest = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'][eighths % 8] ?? '';
  return `${'█'.repeat(full)}${rest}`.padEnd(BAR_WIDTH, '░');
}
