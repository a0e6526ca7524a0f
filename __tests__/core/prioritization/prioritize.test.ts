import { describe, expect, it } from 'vitest';
import { createWorld, LANE } from '../../fixtures/prioritization-world.ts';

describe('a burst over the quota', () => {
  it('is answered completely, without a throttled call, and then the leader leaves', async () => {
    const world = createWorld({ limits: { requests_per_minute: 120, tokens_per_minute: 1_000_000 } });
    for (let i = 0; i < 150; i++) await world.submit(`r${i}`);
    await world.clock.complete(world.prioritize());
    // The leader does not wait for the last calls.
    await world.clock.run(world.clock.now() + 10_000);
    expect(world.cloud.sent).toHaveLength(150);
    expect(world.throttled).toBe(0);
    expect(world.logged.find(({ event }) => event === 'lane.left')?.fields).toMatchObject({
      reason: 'asleep',
    });
    expect(await world.ports.watch.status(LANE)).toMatchObject({ asleep: true, lease_until: 0 });
    const [first, last] = [world.calls[0]?.at ?? 0, world.calls.at(-1)?.at ?? 0];
    // What fits goes at once, but for one place that is left for urgent work, and the rest when the minute is over: in little
    // more than the least possible time.
    expect(world.calls.filter(({ at }) => at < first + 4_000)).toHaveLength(119);
    expect(last - first).toBeLessThan(1.1 * 60_000);
  });
});
