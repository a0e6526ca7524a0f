import type { Interval } from '../../core/operations/ports.ts';
import type { ReportRows } from '../../core/reporting/ports.ts';
import { DAY_MS } from '../../core/request/times.ts';
import type { Terminal } from './printer.ts';

const DRAW_EVERY_MS = 250;
const LINE_EVERY_MS = 5_000;

type Rows = Pick<ReportRows, 'rows'>;

/**
 * Reads rows of a range of time, which takes a query for each minute, and shows how far it has come: on a terminal in a
 * line that is gone in the end, otherwise in a line now and then. Nothing is shown of what is soon done.
 */
export async function shownReading<Found>(
  rows: Rows,
  { from, to }: Interval,
  read: (rows: Rows) => Promise<Found>,
  terminal: Terminal = process.stderr,
  now: () => number = Date.now,
): Promise<Found> {
  const everyMs = terminal.isTTY ? DRAW_EVERY_MS : LINE_EVERY_MS;
  const days = Math.ceil((to - from) / DAY_MS);
  let drawnAt = now();
  let isDrawn = false;
  const draw = (lane: string, minute: string) => {
    const day = Math.floor((Date.parse(minute) - from) / DAY_MS) + 1;
    const text = `Reading ${lane}, day ${day} of ${days}`;
    terminal.write(terminal.isTTY ? `\r\u001b[K${text}` : `${text}\n`);
    drawnAt = now();
    isDrawn = true;
  };
  try {
    return await read({
      rows(lane, minute, part) {
        if (now() >= drawnAt + everyMs) draw(lane, minute);
        return rows.rows(lane, minute, part);
      },
    });
  } finally {
    if (isDrawn && terminal.isTTY) terminal.write('\r\u001b[K');
  }
}
