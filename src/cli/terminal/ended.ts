import { OUTCOMES, type Outcome } from '../../core/request/record.ts';
import type { Terminal } from './printer.ts';
import { bar } from './progress.ts';

const BAR_REFRESH_MS = 250;
const LINE_REFRESH_MS = 5_000;

export interface EndedProgress {
  note(outcome: Outcome): void;
  /** Draws the latest state. */
  end(): void;
  readonly completed: number;
}

/** Shows how many of some requests have ended, how, and how fast: a bar on a terminal, otherwise a line now and then. */
export function showEnded(terminal: Terminal, total: number, now: () => number = Date.now): EndedProgress {
  const counts = new Map<Outcome, number>();
  const begun = now();
  let drawnAt = begun;
  let isDrawn = false;
  const count = () => [...counts.values()].reduce((sum, one) => sum + one, 0);
  const text = () => {
    const ended = count();
    const minutes = (now() - begun) / 60_000;
    const kinds = OUTCOMES.flatMap((it) => (counts.has(it) ? [`${counts.get(it)} ${it}`] : []));
    const rate = minutes > 0 && ended > 0 ? [`${Math.round(ended / minutes)} a minute`] : [];
    return [`${ended} of ${total} ended`, ...kinds, ...rate].join(', ');
  };
  const draw = () => {
    drawnAt = now();
    isDrawn = true;
    if (!terminal.isTTY) return void terminal.write(`${text()}\n`);
    terminal.write(`\r\u001b[K${bar(count(), total)} ${text()}`);
  };
  return {
    note(outcome) {
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
      isDrawn = false;
      if (now() >= drawnAt + (terminal.isTTY ? BAR_REFRESH_MS : LINE_REFRESH_MS)) draw();
    },
    end() {
      if (!isDrawn) draw();
      if (terminal.isTTY) terminal.write('\n');
    },
    get completed() {
      return counts.get('COMPLETED') ?? 0;
    },
  };
}
