import { expect, it } from 'vitest';
import { measureOverhead } from '../../../src/lab/bench/overhead.ts';

it.each([
  ['every two seconds', 2],
  ['every ten seconds, often to a leader that is about to leave', 10],
  ['every ninety seconds, to a lane that sleeps', 90],
])('a request that comes %s is answered soon after the call itself', async (_, seconds) => {
  const { requests, p50, p95, looks } = await measureOverhead(seconds * 1_000, 60);
  expect(requests).toBe(60);
  expect(p50).toBeLessThanOrEqual(1_000);
  expect(p95).toBeLessThanOrEqual(1_500);
  // A result costs a few half read units.
  expect(looks).toBeLessThan(15);
  // The control: it does take its time.
  expect(p50).toBeGreaterThan(100);
});
