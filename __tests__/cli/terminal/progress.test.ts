import { describe, expect, it } from 'vitest';
import { bars, progressLine, showProgress } from '../../../src/cli/terminal/progress.ts';

const progress = { sent: 8, answered: 2, calls: 3, throttled: 1, running: 1 };

/** What is written to a terminal as time goes by. */
function watched({ isTTY = false, total = 8 } = {}) {
  const written: string[] = [];
  let now = 0;
  const shown = showProgress({ isTTY, write: (text) => written.push(text) }, total, () => now);
  const showAt = (at: number, answered: number) => {
    now = at;
    shown.show({ ...progress, sent: total, answered });
  };
  return { written, showAt, end: shown.end };
}

describe('progress', () => {
  it('is drawn now and then, and at the end as it was told last', () => {
    const { written, showAt, end } = watched();
    showAt(0, 2);
    showAt(0, 3);
    showAt(2_000, 4);
    showAt(2_000, 8);
    end();
    end();
    expect(written.map((text) => /ended (\d)/.exec(text)?.[1])).toEqual(['2', '4', '8']);
  });

  it('says about how long it goes on, by its latest speed', () => {
    const { written, showAt } = watched({ total: 80 });
    showAt(0, 0);
    showAt(50_000, 1);
    showAt(60_000, 5);
    showAt(70_000, 30);
    showAt(190_000, 34);
    expect(written.map((text) => /about .* left/.exec(text)?.[0])).toEqual([
      undefined,
      undefined,
      // 5 results in 60 s, then 29 in the last 20 s, then 29 in the last 130 s.
      'about 15 min left',
      'about 34 s left',
      'about 206 s left',
    ]);
  });

  it('replaces its bars on a terminal', () => {
    const { written, showAt } = watched({ isTTY: true });
    showAt(0, 2);
    showAt(1_000, 4);
    expect(written[1]).toContain('\u001b[3A\u001b[0J');
  });

  it('shows parts of a whole', () => {
    expect(progressLine(progress, 8)).toBe('ended 2 of 8; Bedrock: 1 running, 3 calls, 1 throttled');
    expect(progressLine({ ...progress, sent: 4 }, 8)).toContain('sent 4 of 8, ended 2');
    const [sent = '', ended = ''] = bars({ ...progress, sent: 4 }, 8);
    expect([sent.match(/█/g)?.length, ended.match(/[█▌]/g)?.length]).toEqual([15, 8]);
  });

  it('says what it waits for, and until when', () => {
    const until = new Date(2026, 10, 25, 14, 3, 20).getTime();
    const waiting = { ...progress, waitingFor: { what: 'the last reports', until } };
    expect(progressLine(waiting, 8)).toBe('Waiting for the last reports; gives up at 14:03:20');
    expect(bars(waiting, 8)).toHaveLength(4);
  });

  it('fits a terminal of 80 columns', () => {
    const large = { sent: 1e6, answered: 999_999, calls: 1e6, throttled: 99, running: 300 };
    const lines = [progressLine(large, 1e6, 1_000), ...bars(large, 1e6, 1_000)];
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  });
});
