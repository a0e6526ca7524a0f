import { expect, it } from 'vitest';
import { bars, progressLine, showProgress } from '../../../src/cli/terminal/progress.ts';

const progress = { sent: 4, ended: 2, calls: 3, throttled: 1, running: 1 };

it('draws what it is told now and then, and at the end what it was told last', () => {
  const written: string[] = [];
  let now = 0;
  const { show, end } = showProgress({ write: (text) => written.push(text) }, 8, () => now);
  show(progress);
  show({ ...progress, ended: 3 });
  now = 2_000;
  show({ ...progress, ended: 4 });
  show({ ...progress, ended: 8 });
  end();
  end();
  expect(written.map((text) => /ended (\d)/.exec(text)?.[1])).toEqual(['2', '4', '8']);
});

it('shows parts of a whole', () => {
  expect(progressLine(progress, 8)).toBe('sent 4/8  ended 2  calling Bedrock 1  calls 3  throttled 1');
  const [sent = '', ended = ''] = bars(progress, 8).split('\n');
  expect([sent.match(/█/g)?.length, ended.match(/█/g)?.length]).toEqual([20, 10]);
});
