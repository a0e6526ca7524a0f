import { describe, expect, it } from 'vitest';
import { defaultSettings } from '../../../src/lab/bench/bench.ts';
import { figuresOf } from '../../../src/lab/bench/figures.ts';
import { workloadOf } from '../../../src/lab/bench/workloads.ts';
import type { Workload } from '../../../src/lab/simulation/workload.ts';
import { World } from '../../../src/lab/simulation/world.ts';

const MINUTE_MS = 60_000;

function beginningOf(name: string, minutes: number): Workload {
  const workload = workloadOf(name, 1);
  const durationMs = minutes * MINUTE_MS;
  return { ...workload, durationMs, arrivals: [...workload.arrivals].filter(({ at }) => at < durationMs) };
}

async function run(workload: Workload, seed = 1) {
  const observation = await new World(workload, defaultSettings('sliding-window', seed)).run();
  return { observation, figures: figuresOf(workload, observation, { enforcement: 'sliding-window', seed }) };
}

describe('simulated world', () => {
  it('runs the real smoother: what is accepted is answered once, within the quota', async () => {
    const { observation, figures } = await run(beginningOf('steady-80', 1));
    expect(figures.completed).toBeGreaterThan(100);
    expect(figures.failed + figures.duplicateResults).toBe(0);
    expect(figures.throttledShare).toBe(0);
    for (const { acceptedAt, releasedAt, startedAt, finishedAt } of observation.requests) {
      if (finishedAt === undefined) continue;
      expect([acceptedAt, releasedAt, startedAt, finishedAt]).toEqual(
        [acceptedAt, releasedAt, startedAt, finishedAt].sort((a, b) => (a ?? 0) - (b ?? 0)),
      );
    }
  });

  it('gives the same run for the same seed, and another for another', async () => {
    const workload = beginningOf('overload', 0.25);
    const [first, again, other] = [await run(workload), await run(workload), await run(workload, 2)];
    expect(again.figures).toEqual(first.figures);
    expect(other.figures.waitMs).not.toEqual(first.figures.waitMs);
  });

  it('measures use and bounds while work waits', async () => {
    const { figures } = await run(beginningOf('overload', 3));
    const [utilisation] = figures.utilisation;
    expect(utilisation?.binding).toBe('tokens');
    expect(utilisation?.used).toBeGreaterThan(0.8);
    expect(utilisation?.used).toBeLessThanOrEqual((utilisation?.attainable.upper ?? 0) * 1.02);
    expect(utilisation?.attainable.lower).toBeLessThanOrEqual(utilisation?.attainable.upper ?? 0);
  });

  it('has a Bedrock that refuses: a quota halved unannounced throttles', async () => {
    const halved = beginningOf('overload', 1.5);
    const [lane] = halved.lanes;
    const { figures } = await run({
      ...halved,
      quotaChanges: [
        {
          lane: 'amazon.nova-pro:geo',
          at: MINUTE_MS / 2,
          limits: { tokensPerMinute: (lane?.limits.tokensPerMinute ?? 0) / 2 },
          announcedAfterMs: 60 * MINUTE_MS,
        },
      ],
    });
    expect(figures.throttledShare).toBeGreaterThan(0);
  });
});
