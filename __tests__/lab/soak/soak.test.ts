import { describe, expect, it } from 'vitest';
import { soak } from '../../../src/lab/soak/soak.ts';

describe('soak', () => {
  it('loses nothing and breaks no promise while everything around fails', async () => {
    const figures = await soak(3_000, 3);
    expect(figures.completed + figures.failed).toBe(3_000);
    expect(figures.lost).toBe(0);
    expect(figures.violations).toEqual([]);
    expect(figures.injectedFaults.failedCalls).toBeGreaterThan(0);
    expect(figures.calls).toBeGreaterThanOrEqual(3_000);
  });
});
