import { describe, expect, it } from 'vitest';
import { bars, progressLine, showProgress } from '../../../src/cli/terminal/progress.ts';

const progress = { total: 80, sent: 80, ended: 20, calls: 25, throttled: 1, running: 4 };

describe('progress', () => {
  it('is a plain line without a terminal', () => {
    const written: string[] = [];
    showProgress({ write: (text) => written.push(text) }, () => progress)();
    expect(written).toEqual([`${progressLine(progress)}\n`]);
    expect(written[0]).not.toContain('\u001b');
  });

  it('is bars in proportion on a terminal', () => {
    const [sent = '', ended = ''] = bars(progress).split('\n');
    expect(sent.match(/█/g)).toHaveLength(40);
    expect(ended.match(/█/g)).toHaveLength(10);
    expect(ended).toContain('20 of 80');
  });
});
