import { describe, expect, it } from 'vitest';
import { Environments } from '../../../src/lab/simulation/environments.ts';
import { VirtualClock } from '../../../src/lab/simulation/virtual-clock.ts';

describe('what Lambda bills of a function', () => {
  it('is every run with its cold start, and one that has not ended as far as it has come', async () => {
    const clock = new VirtualClock(0);
    const environments = new Environments(clock, { coldStart: () => 500, keptMs: 60_000 });
    const run = (ms: number) => clock.spawn(() => environments.run(() => clock.sleep(ms)));
    run(1_000);
    await clock.run(2_000);
    expect(environments.runTime).toEqual({ starts: 1, busyMs: 1_500 });
    // One in the warm environment, and one that needs another.
    run(10_000);
    run(10_000);
    await clock.run(5_000);
    expect(environments.runTime).toEqual({ starts: 3, busyMs: 1_500 + 3_000 + 3_000 });
    await clock.run(20_000);
    expect(environments.runTime).toEqual({ starts: 3, busyMs: 1_500 + 10_000 + 10_500 });
  });
});
