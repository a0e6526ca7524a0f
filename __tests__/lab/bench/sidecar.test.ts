import { expect, it } from 'vitest';
import { holdOpen } from '../../../src/lab/bench/sidecar.ts';

it('one sidecar holds all calls open at the same time, and answers each', async () => {
  const { calls, reads } = await holdOpen(300);
  expect(calls).toBe(300);
  // They are read by the hundred, not one by one.
  expect(reads).toBeGreaterThanOrEqual(3);
});
