import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bucketOf, quantileOf, RELATIVE_ERROR } from '../../../src/core/reporting/sketch.ts';

const durations = fc.array(fc.double({ min: 1, max: 1.3e9, noNaN: true }), { minLength: 1, maxLength: 200 });
const share = fc.double({ min: 0, max: 1, noNaN: true });

function sketchOf(values: number[]): Map<number, number> {
  const sketch = new Map<number, number>();
  for (const value of values) sketch.set(bucketOf(value), (sketch.get(bucketOf(value)) ?? 0) + 1);
  return sketch;
}

function exact(values: number[], at: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil(at * sorted.length)) - 1] as number;
}

it('any quantile is within the documented error of the true one', () => {
  fc.assert(
    fc.property(durations, share, (values, at) => {
      const truth = exact(values, at);
      const estimate = quantileOf(sketchOf(values), at) as number;
      expect(Math.abs(estimate - truth) / truth).toBeLessThanOrEqual(RELATIVE_ERROR + 1e-9);
    }),
  );
});

it('control: the error is not smaller than documented by much, so the bound is the sketch’s own', () => {
  const worst = Math.max(
    ...Array.from({ length: 5_000 }, (_, i) => {
      const value = 2 + i;
      return Math.abs((quantileOf(sketchOf([value]), 0.5) as number) - value) / value;
    }),
  );
  expect(worst).toBeGreaterThan(RELATIVE_ERROR * 0.9);
});

it('a duration of nothing, and quantiles of nothing', () => {
  expect(quantileOf(sketchOf([0, -3, 1]), 0.99)).toBe(1);
  expect(quantileOf(new Map(), 0.5)).toBeUndefined();
});

it('a fortnight of milliseconds takes few buckets', () => {
  expect(bucketOf(14 * 86_400_000)).toBeLessThan(220);
});
