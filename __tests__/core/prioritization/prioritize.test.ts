import { describe, expect, it } from 'vitest';
import { leaseIdUntil } from '../../../src/core/request/bundle-lease.ts';
import { dueKey } from '../../../src/core/request/keys.ts';
import { createWorld, LANE, type World } from '../../fixtures/prioritization-world.ts';
import { waitingRecord } from '../../fixtures/records.ts';

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
    expect(await world.ports.watch.status(LANE)).toMatchObject({ asleep: true });
    const [first, last] = [world.calls[0]?.at ?? 0, world.calls.at(-1)?.at ?? 0];
    // What fits goes at once, but for one place that is left for urgent work, and the rest when the minute is over: in little
    // more than the least possible time.
    expect(world.calls.filter(({ at }) => at < first + 4_000)).toHaveLength(119);
    expect(last - first).toBeLessThan(1.1 * 60_000);
  });
});

describe('the schedule', () => {
  const MINUTE_MS = 60_000;

  /** Runs every minute, for so long after one request; tells in which minutes the lane was led. */
  async function ledIn(minutes: number, meanwhile?: (world: World, minute: number) => Promise<void>) {
    const world = createWorld();
    const { clock } = world;
    await clock.run(Math.ceil(clock.now() / MINUTE_MS / 10) * 10 * MINUTE_MS);
    await world.submit('r1');
    const led: number[] = [];
    for (let minute = 0; minute < minutes; minute++) {
      await meanwhile?.(world, minute);
      const before = world.logged.length;
      clock.spawn(() => world.prioritize());
      await clock.run(clock.now() + MINUTE_MS);
      if (world.logged.slice(before).some(({ event }) => event === 'lane.taken')) led.push(minute);
    }
    return led;
  }

  it('leaves a lane alone in which nothing happens, and looks after it every ten minutes all the same', async () => {
    // The second leader forgets the queue.
    expect(await ledIn(12)).toEqual([0, 1, 10]);
  });

  it.each([
    ['is announced', (world: World) => world.submit('r2')],
    [
      'was lost',
      async ({ ports, clock }: World) => {
        const id = leaseIdUntil(clock.now());
        await ports.leases.write({ lane: LANE, id, released_at: 1, releases: [] });
      },
    ],
    [
      'is due',
      async (world: World) => {
        const deadline = world.clock.now() - 1;
        const due = { due_key: dueKey(LANE, 'r2'), due_at: deadline };
        const { queue } = waitingRecord('r2', {});
        await world.submit('r2', { deadline_at: deadline, has_deadline: true, ...due });
        for (const entry of await world.ports.directory.list(LANE)) {
          if (entry.backlog_key === queue) await world.ports.directory.forget(entry);
        }
      },
    ],
  ])('leads a lane in which something %s', async (_, happens) => {
    const led = await ledIn(6, async (world, minute) => {
      if (minute === 4) await happens(world);
    });
    expect(led.slice(0, 3)).toEqual([0, 1, 4]);
  });

  const DAY_MS = 24 * 60 * MINUTE_MS;

  /** A lane that was last registered so many days ago, at the first minute of a day. */
  async function lastUsed(daysAgo: number | undefined): Promise<World> {
    const world = createWorld();
    const midnight = Math.ceil(world.clock.now() / DAY_MS) * DAY_MS;
    await world.clock.run(midnight);
    const registered_at = daysAgo === undefined ? undefined : midnight - daysAgo * DAY_MS;
    const list = async () => [{ lane: LANE, model_id: 'amazon.nova-lite-v1:0', registered_at }];
    if (daysAgo === undefined) Object.assign(world.ports.registry, { list });
    else await world.ports.registry.register(LANE, 'amazon.nova-lite-v1:0', registered_at ?? 0);
    return world;
  }

  const taken = ({ logged }: World) => logged.filter(({ event }) => event === 'lane.taken').length;

  it.each([
    ['is in use', 59, 1],
    ['an earlier release has registered', undefined, 1],
    ['nobody uses any more', 60, 0],
  ])('leads a lane that %s (registered %s days ago): %i times', async (_, daysAgo, times) => {
    const world = await lastUsed(daysAgo);
    await world.clock.complete(world.prioritize());
    expect(taken(world)).toBe(times);
  });

  it('finds within a day what is left in a lane that nobody uses, and then the lane is in use again', async () => {
    const world = await lastUsed(61);
    const { clock, ports } = world;
    const [before] = await ports.registry.list();
    await clock.run(clock.now() + 10 * MINUTE_MS);
    await world.submit('r1');
    await ports.registry.register(LANE, 'amazon.nova-lite-v1:0', before?.registered_at ?? 0);
    await clock.complete(world.prioritize());
    expect(taken(world)).toBe(0);
    await clock.run(Math.ceil(clock.now() / DAY_MS) * DAY_MS);
    const midnight = clock.now();
    await clock.complete(world.prioritize());
    expect(taken(world)).toBe(1);
    expect(await ports.registry.list()).toMatchObject([{ lane: LANE, registered_at: midnight }]);
  });
});
