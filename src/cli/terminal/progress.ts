/** How far a run is. */
export interface Progress {
  /** Messages to send. */
  total: number;
  sent: number;
  ended: number;
  calls: number;
  throttled: number;
  /** At Bedrock now. */
  running: number;
}

export interface Terminal {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

const BAR_WIDTH = 40;
const BAR_LINES = 3;
const BAR_REFRESH_MS = 250;
const LINE_REFRESH_MS = 2_000;

/** Shows progress until the returned function is called: bars on a terminal, a line now and then without one. */
export function showProgress(terminal: Terminal, read: () => Progress): () => void {
  let drawn = false;
  const draw = () => {
    if (drawn && terminal.isTTY) terminal.write(`\u001b[${BAR_LINES}A\u001b[0J`);
    drawn = true;
    terminal.write(terminal.isTTY ? bars(read()) : `${progressLine(read())}\n`);
  };
  const timer = setInterval(draw, terminal.isTTY ? BAR_REFRESH_MS : LINE_REFRESH_MS);
  return () => {
    clearInterval(timer);
    draw();
  };
}

export function progressLine({ total, sent, ended, running, calls, throttled }: Progress): string {
  return `sent ${sent}/${total}  ended ${ended}  calling Bedrock ${running}  calls ${calls}  throttled ${throttled}`;
}

/** Three lines: messages sent, results received, and what Bedrock sees. */
export function bars(progress: Progress): string {
  const { total, sent, ended, running, calls, throttled } = progress;
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
