import { expect, it } from 'vitest';
import { measureOverhead } from '../../../src/lab/bench/overhead.ts';

it.each([
  ['a request every two seconds', 2_000, 1_500],
  // A leader that has marked its lane as asleep looks at it once more only after its grace: who comes in between waits for that.
  ['a request every ninety seconds, in a lane that sleeps', 90_000, 6_500],
])('%s is answered soon after the call itself', async (_, gapMs, mostAtP95) => {
  const { requests, p50, p95, looks } = await measureOverhead(gapMs, 120);
  expect(requests).toBe(120);
  expect(p50).toBeLessThanOrEqual(1_000);
  expect(p95).toBeLessThanOrEqual(mostAtP95);
  // A result costs a few half read units.
  expect(looks).toBeLessThan(15);
  // The control: it does take its time.
  expect(p50).toBeGreaterThan(100);
});
