import { describe, expect, it } from 'vitest';
import { familyOf } from '../../../src/lab/bench/family.ts';
import type { FamilyMember } from '../../../src/lab/bench/random-run.ts';
import { numberOfRandom, randomWorkload } from '../../../src/lab/bench/random-workloads.ts';

describe('random workloads', () => {
  const workloads = Array.from({ length: 30 }, (_, number) => randomWorkload(number, 1));

  it('are the same for the same number and seed, and others for others', () => {
    expect(randomWorkload(3, 1)).toEqual(workloads[3]);
    expect(randomWorkload(3, 2).about).not.toBe(workloads[3]?.about);
    expect(new Set(workloads.map(({ about }) => about)).size).toBe(workloads.length);
  });

  it('differ by orders of magnitude, and each request fits its quota', () => {
    const limits = workloads.flatMap(({ lanes }) => lanes.map((lane) => lane.limits));
    const tokens = limits.map(({ tokensPerMinute = 0 }) => tokensPerMinute);
    expect(Math.max(...tokens) / Math.min(...tokens)).toBeGreaterThan(100);
    const requests = limits.flatMap(({ requestsPerMinute }) => requestsPerMinute ?? []);
    expect(requests.length).toBeLessThan(limits.length);
    expect(Math.max(...requests) / Math.min(...requests)).toBeGreaterThan(100);
    for (const { lanes, arrivals } of workloads) {
      for (const { modelId, inputTokens, maxTokens = 0 } of arrivals) {
        const lane = lanes.find((it) => it.modelId === modelId);
        expect(inputTokens + maxTokens).toBeLessThan(lane?.limits.tokensPerMinute ?? 0);
      }
    }
  });

  it('come in order', () => {
    for (const { arrivals, durationMs } of workloads) {
      const times = [...arrivals].map(({ at }) => at);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      expect(times.at(-1) ?? 0).toBeLessThan(durationMs);
    }
  });

  it('have names that say which they are', () => {
    expect(numberOfRandom(workloads[17]?.name ?? '')).toBe(17);
    expect(numberOfRandom('overload')).toBeUndefined();
  });
});

describe('the family', () => {
  const member = (number: number, fields: Partial<FamilyMember>): FamilyMember => ({
    ...{ name: `random-${number}`, about: '', throttledShare: 0, isAlone: true, unfairness: 0, failed: 0 },
    ...{ realMs: 0, figures: {} as FamilyMember['figures'] },
    ...fields,
  });

  it('is judged by its median, by one in twenty, and by its worst', () => {
    const ratios = Array.from({ length: 40 }, (_, i) => member(i, { ratio: 1 - i / 1_000 }));
    const [used] = familyOf(ratios).spreads;
    expect(used).toMatchObject({ members: 40, worst: 0.961, p5: 0.962, met: true });
    const [worse] = familyOf([
      ...ratios,
      member(40, { ratio: 0.9 }),
      member(41, { ratio: 0.9 }),
      member(42, { ratio: 0.9 }),
    ]).spreads;
    expect(worse).toMatchObject({ worst: 0.9, met: false });
  });

  it('names those that miss a target, the worst first', () => {
    const { worst } = familyOf([
      member(1, { ratio: 0.94 }),
      member(2, {}),
      member(3, { throttledShare: 0.01 }),
    ]);
    expect(worst.map((it) => it.member.name)).toEqual(['random-3', 'random-1']);
  });
});
