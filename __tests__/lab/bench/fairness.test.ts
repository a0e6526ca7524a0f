import { describe, expect, it } from 'vitest';
import { fairnessGap, unknowableGap } from '../../../src/lab/bench/fairness.ts';
import type { SeenRequest } from '../../../src/lab/simulation/observation.ts';
import { logNormal, seededRandom } from '../../../src/lab/simulation/random.ts';

const END = 1_000_000;

/** Requests of a tenant that all arrive at the begin and are released one after another. */
function served(tenant: string, charges: readonly number[], everyMs = 1_000): SeenRequest[] {
  return charges.map((charge, index) => ({
    ...{ lane: 'lane', priority: 3, tenant, acceptedAt: 0, calledMs: 0 },
    releasedAt: 2_000 + index * everyMs,
    startedAt: 2_100 + index * everyMs,
    finishedAt: 5_000 + index * everyMs,
    inputTokens: charge,
    charge,
  }));
}

describe('fairness gap', () => {
  it('is one request when tenants take turns', () => {
    const requests = [...served('a', [100, 100, 100]), ...served('b', [100, 100, 100])];
    expect(fairnessGap(requests, END)).toBe(0);
    const later = requests.map((it) =>
      it.tenant === 'b' ? { ...it, releasedAt: (it.releasedAt ?? 0) + 500 } : it,
    );
    expect(fairnessGap(later, END)).toBe(100);
  });

  it('grows with every token that one gets beyond the other', () => {
    const requests = [...served('a', [100, 100, 100, 100]), ...served('b', [10, 10, 10, 10])];
    expect(fairnessGap(requests, END)).toBe(270);
  });

  it('does not count what a tenant gets while the other has nothing waiting', () => {
    const alone = served('b', [500, 500]).map((it) => ({ ...it, acceptedAt: 60_000, releasedAt: 70_000 }));
    expect(fairnessGap([...served('a', [100, 100]), ...alone], END)).toBe(0);
  });

  it('takes a request that was cut and runs again for waiting until its first release only', () => {
    const others = served('a', [100, 100, 100]);
    const cut = served('b', [50]).map((it) => ({ ...it, releasedAt: 9_000 }));
    expect(fairnessGap([...others, ...cut], END)).toBe(200);
    const known = cut.map((it) => ({ ...it, firstReleasedAt: 2_000 }));
    expect(fairnessGap([...others, ...known], END)).toBe(0);
  });

  it('compares within a priority and a lane only', () => {
    const urgent = served('b', [10, 10]).map((it) => ({ ...it, priority: 1 as const }));
    expect(fairnessGap([...served('a', [100, 100]), ...urgent], END)).toBe(0);
  });
});

describe('unknowable gap', () => {
  it('is one request when every cost is known beforehand', () => {
    expect(unknowableGap([...served('a', [100, 100]), ...served('b', [100, 100])])).toBe(100);
  });

  it('is more when answers differ and many run at once', () => {
    const unknown = (tenant: string, answer: number) =>
      served(tenant, new Array(8).fill(answer), 10).map((it) => ({ ...it, inputTokens: 0 }));
    expect(unknowableGap([...unknown('a', 999), ...unknown('b', 1)])).toBeGreaterThan(2 * 999);
  });

  it('hardly depends on the order in which long and short answers happened to come', () => {
    const random = seededRandom(1);
    const gaps = Array.from({ length: 20 }, () => {
      const answers = Array.from({ length: 400 }, () => logNormal(random, 200, 2));
      const requests = answers.map((charge, index) => ({
        ...{ lane: 'lane', priority: 3 as const, tenant: index % 2 === 0 ? 'a' : 'b', acceptedAt: 0 },
        calledMs: 0,
        ...{ releasedAt: index * 100, startedAt: index * 100, finishedAt: index * 100 + 3_000 },
        ...{ inputTokens: 0, charge },
      }));
      return unknowableGap(requests);
    });
    expect(Math.max(...gaps)).toBeLessThan(1.6 * Math.min(...gaps));
  });
});
