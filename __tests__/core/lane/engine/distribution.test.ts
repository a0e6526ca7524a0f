import { describe, expect, it } from 'vitest';
import { Distribution } from '../../../../src/core/lane/engine/distribution.ts';
import { sizeBucketOf, sizeOfBucket } from '../../../../src/core/lane/size-buckets.ts';

describe('a quantile', () => {
  it('is the bucket that this share of samples does not exceed', () => {
    const samples = new Distribution();
    for (let bucket = 1; bucket <= 100; bucket++) samples.add(bucket, 1);
    expect(samples.quantile(0.5)?.bucket).toBeGreaterThan(45);
    expect(samples.quantile(1)?.bucket).toBe(100);
  });

  it('takes cut samples for "at least": cutting at 10 does not make answers end at 10', () => {
    const samples = new Distribution();
    samples.add(10, 60, true);
    samples.add(5, 20);
    samples.add(20, 20);
    // Of those not yet ended at 10, all that were seen further ended at 20.
    expect(samples.quantile(0.9)?.bucket).toBe(20);
    const naive = new Distribution();
    naive.add(10, 60);
    naive.add(5, 20);
    naive.add(20, 20);
    expect(naive.quantile(0.7)?.bucket).toBe(10);
    expect(samples.quantile(0.7)?.bucket).toBe(20);
  });

  it('is the furthest when too many were cut to tell, with the share that exceeds it', () => {
    const samples = new Distribution();
    samples.add(5, 50);
    samples.add(10, 50, true);
    expect(samples.quantile(0.98)).toEqual({ bucket: 10, beyond: expect.closeTo(0.5, 1) });
    expect(samples.quantile(0.4)).toEqual({ bucket: 5, beyond: 0.6 });
    expect(new Distribution().quantile(0.4)).toBeUndefined();
  });
});

describe('moments', () => {
  it('are those of the samples and of what was believed before, which data overtakes', () => {
    const samples = new Distribution();
    const mean = (beliefs: number) => samples.moments((bucket) => bucket, 1_000, beliefs).mean;
    expect(samples.moments((bucket) => bucket, 1_000, 2)).toEqual({ mean: 1_000, variance: 0 });
    samples.add(100, 2);
    expect(mean(2)).toBeCloseTo(550, 0);
    // Samples and belief disagree: that is uncertainty.
    expect(Math.sqrt(samples.moments((bucket) => bucket, 1_000, 2).variance)).toBeCloseTo(450, 0);
    samples.add(100, 98);
    expect(mean(2)).toBeLessThan(120);
    expect(mean(0)).toBeCloseTo(100, 0);
  });

  it('of nothing are what is believed', () => {
    expect(new Distribution().moments((bucket) => bucket, 7, 0)).toEqual({ mean: 7, variance: 0 });
  });
});

describe('samples', () => {
  it('of yesterday fade', () => {
    const samples = new Distribution();
    samples.add(30, 1_000);
    samples.add(10, 10_000);
    expect(samples.quantile(0.99)?.bucket).toBe(10);
  });

  it('survive a change of leader', () => {
    const samples = new Distribution();
    samples.add(3, 10);
    samples.add(7, 5, true);
    const copy = new Distribution(JSON.parse(JSON.stringify(samples.snapshot())));
    expect(copy.snapshot()).toEqual(samples.snapshot());
    expect(copy.samples).toBeCloseTo(samples.samples, 1);
  });
});

describe('buckets of sizes', () => {
  it('hold what they say', () => {
    for (const tokens of [0, 1, 2, 10, 99, 100, 4_096, 64_000]) {
      const bucket = sizeBucketOf(tokens);
      expect(sizeOfBucket(bucket)).toBeGreaterThanOrEqual(tokens);
      if (bucket > 0) expect(sizeOfBucket(bucket)).toBeLessThanOrEqual(Math.ceil(tokens * 1.2) + 1);
    }
  });
});
