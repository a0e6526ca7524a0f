import type { Progress } from '../../lab/run/run.ts';

export interface Terminal {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

const BAR_WIDTH = 40;
const BAR_LINES = 3;
const BAR_REFRESH_MS = 250;
const LINE_REFRESH_MS = 2_000;

/** Shows progress: bars on a terminal, a line now and then without one. `end` draws what was told last. */
export function showProgress(
  terminal: Terminal,
  total: number,
  now: () => number = Date.now,
): { show(progress: Progress): void; end(): void } {
  const everyMs = terminal.isTTY ? BAR_REFRESH_MS : LINE_REFRESH_MS;
  let drawnAt: number | undefined;
  let undrawn: Progress | undefined;
  const draw = (progress: Progress) => {
    if (drawnAt !== undefined && terminal.isTTY) terminal.write(`\u001b[${BAR_LINES}A\u001b[0J`);
    drawnAt = now();
    undrawn = undefined;
    terminal.write(terminal.isTTY ? bars(progress, total) : `${progressLine(progress, total)}\n`);
  };
  return {
    show(progress) {
      undrawn = progress;
      if (drawnAt === undefined || now() >= drawnAt + everyMs) draw(progress);
    },
    end() {
      if (undrawn !== undefined) draw(undrawn);
    },
  };
}

export function progressLine({ sent, ended, running, calls, throttled }: Progress, total: number): string {
  return `sent ${sent}/${total}  ended ${ended}  calling Bedrock ${running}  calls ${calls}  throttled ${throttled}`;
}

/** Three lines: messages sent, results received, and what Bedrock sees. */
export function bars({ sent, ended, running, calls, throttled }: Progress, total: number): string {
  return [
    `  sent     ${bar(sent, total)} ${sent} of ${total}`,
    `  ended    ${bar(ended, total)} ${ended} of ${total}`,
    `  Bedrock  ${running} running · ${calls} calls · ${throttled} throttled`,
    '',
  ].join('\n');
}

function bar(part: number, whole: number): string {
  const eighths = Math.round(Math.min(1, whole === 0 ? 0 : part / whole) * BAR_WIDTH * 8);
  const full = Math.floor(eighths / 8);
  const rest = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'][eighths % 8] ?? '';
  return `${'█'.repeat(full)}${rest}`.padEnd(BAR_WIDTH, '░');
}
