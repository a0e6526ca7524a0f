import { describe, expect, it } from 'vitest';
import { showEnded } from '../../../src/cli/terminal/ended.ts';

function shown(isTTY: boolean) {
  const written: string[] = [];
  const clock = { time: 0 };
  const progress = showEnded({ isTTY, write: (text) => written.push(text) }, 4, () => clock.time);
  return { written, clock, progress };
}

describe('the progress of a submission', () => {
  it('counts by outcome, with the rate, in a line now and then', () => {
    const { written, clock, progress } = shown(false);
    progress.note('COMPLETED');
    expect(written).toEqual([]);
    clock.time = 30_000;
    progress.note('COMPLETED');
    progress.note('FAILED');
    progress.end();
    expect(written).toEqual([
      '2 of 4 ended, 2 COMPLETED, 4 a minute\n',
      '3 of 4 ended, 2 COMPLETED, 1 FAILED, 6 a minute\n',
    ]);
    expect(progress.completed).toBe(2);
  });

  it('is a bar on a terminal, which is drawn over itself', () => {
    const { written, clock, progress } = shown(true);
    clock.time = 60_000;
    progress.note('COMPLETED');
    progress.end();
    expect(written[0]?.startsWith('\r\u001b[K')).toBe(true);
    expect(written[0]).toMatch(/█+▌░+ 1 of 4 ended, 1 COMPLETED, 1 a minute$/);
    expect(written.at(-1)).toBe('\n');
  });
});
