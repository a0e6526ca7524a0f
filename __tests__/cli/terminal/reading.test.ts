import { describe, expect, it } from 'vitest';
import { shownReading } from '../../../src/cli/terminal/reading.ts';
import { readRows } from '../../../src/core/reporting/read.ts';

const DAY_MS = 24 * 3_600_000;
const RANGE = { from: Date.parse('2026-11-01T12:00:30Z'), to: Date.parse('2026-11-04T12:00:30Z') };

/** What is written while a lane is read whose queries take so long in all. */
async function written(isTTY: boolean, tookMs: number): Promise<string[]> {
  const texts: string[] = [];
  const clock = { time: 0 };
  const rows = {
    async rows() {
      clock.time += tookMs / ((RANGE.to - RANGE.from) / 60_000);
      return [];
    },
  };
  await shownReading(
    rows,
    RANGE,
    (shown) => readRows(shown, 'nova:geo', RANGE.from, RANGE.to),
    { isTTY, write: (text: string) => texts.push(text) },
    () => clock.time,
  );
  return texts;
}

describe('reading rows of days', () => {
  it('shows the day in a line now and then', async () => {
    const texts = await written(false, 17_000);
    expect(texts).toEqual([1, 2, 3].map((day) => `Reading nova:geo, day ${day} of 3\n`));
  });

  it('shows it on a terminal in one line, which is gone in the end', async () => {
    const texts = await written(true, 4_000);
    expect(texts.length).toBeGreaterThan(10);
    expect(texts[0]).toBe('\r\u001b[KReading nova:geo, day 1 of 3');
    expect(texts.at(-2)).toBe('\r\u001b[KReading nova:geo, day 3 of 3');
    expect(texts.at(-1)).toBe('\r\u001b[K');
  });

  it('is not worth a word when it is soon done', async () => {
    expect(await written(false, 4_000)).toEqual([]);
    expect(await written(true, 200)).toEqual([]);
  });

  it('passes on what is found, and what fails', async () => {
    const rows = { rows: () => Promise.reject(new Error('denied')) };
    const range = { from: 0, to: DAY_MS };
    expect(await shownReading(rows, range, async () => 'found')).toBe('found');
    await expect(shownReading(rows, range, (shown) => shown.rows('a', 'b'))).rejects.toThrow('denied');
  });
});
