import { describe, expect, it } from 'vitest';
import { soak } from '../../../src/lab/soak/soak.ts';

describe('soak', () => {
  it('loses nothing and breaks no promise while everything around fails', async () => {
    const figures = await soak(2_000, 3);
    expect(figures.completed + figures.failed).toBe(2_000);
    expect(figures.lost).toBe(0);
    expect(figures.violations).toEqual([]);
    expect(figures.injectedFaults.failedCalls).toBeGreaterThan(0);
    expect(figures.calls).toBeGreaterThanOrEqual(2_000);
  });
});
