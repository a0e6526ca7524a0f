import { expect, it } from 'vitest';
import { Starts } from '../../../src/local/lambda/starts.ts';

it('as many run at once as may, each ending lets the next begin, a failed one too', async () => {
  const starts = new Starts(2);
  const ends: ((failed: boolean) => void)[] = [];
  let running = 0;
  let most = 0;
  const start = () =>
    starts.during(async () => {
      most = Math.max(most, ++running);
      const failed = await new Promise<boolean>((resolve) => ends.push(resolve));
      running--;
      if (failed) throw new Error('did not start');
    });
  const all = Array.from({ length: 5 }, start).map((each) =>
    each.then(
      () => 'started',
      (error: Error) => error.message,
    ),
  );
  expect(running).toBe(2);
  for (let ended = 0; ended < 5; ended++) {
    ends[ended]?.(ended === 1);
    await all[ended];
  }
  expect(await Promise.all(all)).toEqual(['started', 'did not start', 'started', 'started', 'started']);
  expect(most).toBe(2);
});
