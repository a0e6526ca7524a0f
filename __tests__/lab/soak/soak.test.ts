import { describe, expect, it } from 'vitest';
import { isClean, soak } from '../../../src/lab/soak/soak.ts';

describe('soak', () => {
  it('loses nothing and breaks no promise while everything around fails', async () => {
    const figures = await soak(2_000, 3);
    expect(figures).toMatchObject({ requests: 2_000, lost: 0, violations: [] });
    expect(isClean(figures, 2_000)).toBe(true);
    expect(figures.injectedFaults.failedCalls).toBeGreaterThan(0);
    expect(figures.calls).toBeGreaterThanOrEqual(2_000);
    // Not with requests that failed, and not with fewer than were asked for.
    expect(isClean({ ...figures, completed: 1_998, failed: 2 }, 2_000)).toBe(false);
    expect(isClean(figures, 2_001)).toBe(false);
  });
});
