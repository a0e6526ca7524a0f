import { describe, expect, it } from 'vitest';
import { StartEstimates } from '../../../src/core/ingestion/start-estimates.ts';
import { ModelError } from '../../../src/core/invocation/errors.ts';
import { weightsIn } from '../../../src/core/lane/priority-weights.ts';
import { isLed, wakeIfAsleep } from '../../../src/core/lane/wake.ts';
import { createMemoryCloud } from '../../../src/memory/cloud.ts';
import { arrive, createWorld, LANE, startsLeadersWhenWoken } from '../../fixtures/prioritization-world.ts';

/** A request comes `afterMs` into the life of a leader that had one other to deal with. Returns how long it waited. */
async function waitOf(afterMs: number, wakes = true, tenant = 'default'): Promise<number> {
  const world = createWorld();
  // Calls of a second share no worker.
  world.settings.engine.averageRequestMs = 1_000;
  const { clock } = world;
  if (wakes) startsLeadersWhenWoken(world);
  await world.submit('first');
  clock.spawn(() => world.prioritize());
  const begun = clock.now();
  clock.at(begun + afterMs, () =>
    clock.spawn(async () => {
      await arrive(world, 'second', { tenant });
    }),
  );
  await clock.run(begun + 59_000);
  const second = world.cloud.sent.find(({ request_id }) => request_id === 'second');
  return second?.timings.wait_ms ?? Number.POSITIVE_INFINITY;
}

describe('work that comes while a leader is about to leave', () => {
  const moments = Array.from({ length: 80 }, (_, i) => i * 250);

  it('never waits for the schedule', async () => {
    const waits = await Promise.all(moments.map((afterMs) => waitOf(afterMs)));
    expect(Math.max(...waits)).toBeLessThan(8_000);
  });

  it('is found soon by a leader that is still looking, also in the first queue of a tenant', async () => {
    const looking = [1_000, 1_500, 2_000, 2_500];
    const waits = await Promise.all(looking.map((afterMs) => waitOf(afterMs, true, 'newcomer')));
    expect(Math.max(...waits)).toBeLessThan(1_500);
  });

  it('would, if nobody woke the lane', async () => {
    const waits = await Promise.all(moments.map((afterMs) => waitOf(afterMs, false)));
    expect(Math.max(...waits)).toBe(Number.POSITIVE_INFINITY);
    // The leader's last look catches what comes shortly before.
    expect(Math.min(...waits)).toBeLessThan(6_000);
  });
});

describe('a lane without a leader', () => {
  const NOW = 1_000_000;

  async function isWoken(challengedAt?: number): Promise<boolean> {
    const { ports } = createMemoryCloud({ clock: { now: () => NOW } });
    await ports.leadership.acquire(LANE, 'a', NOW - 60_000, NOW - 500);
    if (challengedAt !== undefined) await ports.leadership.acquire(LANE, 'b', challengedAt, NOW);
    const woken: string[] = [];
    const waker = { wake: async (lanes: readonly string[]) => void woken.push(...lanes) };
    await wakeIfAsleep({ ...ports, waker }, LANE, NOW);
    return woken.length > 0;
  }

  it('is woken, unless somebody is about to take it', async () => {
    expect(await isWoken()).toBe(true);
    expect(await isWoken(NOW - 600)).toBe(false);
  });

  it('is woken when nobody has tried to take it for a second', async () => {
    expect(await isWoken(NOW - 1_000)).toBe(true);
  });
});

const CALL_MS = 20_000;

/** One request, whose first call is throttled in the end, long after its leader could have left. */
async function longCallThrottled(wakes: boolean) {
  let calls = 0;
  const world = createWorld({
    answer: async (_, { clock }) => {
      await clock.sleep(CALL_MS);
      calls += 1;
      if (calls === 1)
        throw new ModelError({ kind: 'throttled', type: 'ThrottlingException', message: 'Wait' });
      return { body: '{}', usage: { input_tokens: 100, output_tokens: 100 } };
    },
  });
  const { clock } = world;
  if (wakes) startsLeadersWhenWoken(world);
  await world.submit('long');
  clock.spawn(() => world.prioritize());
  const begun = clock.now();
  await clock.run(begun + CALL_MS / 2);
  const left = world.logged.filter(({ event }) => event === 'lane.left').length;
  await clock.run(begun + 59_000);
  return { left, sent: world.cloud.sent };
}

describe('a leader with nothing to decide', () => {
  it('leaves while a call is in flight, and what comes back wakes the lane', async () => {
    const { left, sent } = await longCallThrottled(true);
    expect(left).toBe(1);
    expect(sent).toMatchObject([{ request_id: 'long', status: 'COMPLETED' }]);
  });

  it('would leave what comes back to the schedule, if its worker woke nobody', async () => {
    expect((await longCallThrottled(false)).sent).toEqual([]);
  });

  it('stays while calls take more than a few workers', async () => {
    const world = createWorld({
      settings: { workers: 100 },
      answer: async (_, { clock }) => {
        await clock.sleep(CALL_MS);
        return { body: '{}', usage: { input_tokens: 100, output_tokens: 100 } };
      },
    });
    const { clock, ports } = world;
    startsLeadersWhenWoken(world);
    for (let n = 0; n < 3; n++) {
      // Urgent ones take workers of their own.
      await arrive(world, `r${n}`, { priority: 1 });
      await clock.run(clock.now() + 1_000);
    }
    await clock.run(clock.now() + 8_000);
    expect(world.running).toBe(3);
    expect(isLed(await ports.watch.status(LANE), clock.now())).toBe(true);
  });

  it('leaves an empty lane at once', async () => {
    const world = createWorld();
    await world.ports.registry.register(LANE, 'amazon.nova-lite-v1:0', world.clock.now());
    const begun = world.clock.now();
    await world.clock.complete(world.prioritize());
    expect(world.clock.now() - begun).toBeLessThan(500);
    expect(world.logged.at(-1)).toMatchObject({ event: 'lane.left', fields: { reason: 'asleep' } });
  });

  it('shows what it has released as used and not as waiting, once it sleeps, and expects the next request at once', async () => {
    const world = createWorld({ limits: { requests_per_minute: 4, tokens_per_minute: 1_000_000 } });
    await world.submit('first');
    await world.clock.complete(world.prioritize());
    const status = await world.ports.watch.status(LANE);
    expect(status).toMatchObject({ asleep: true, figures: { waiting: false, utilisation: 0.25 } });
    const arrival = {
      lane: LANE,
      priority: 3,
      tenant: 'default',
      input_tokens: 100,
      max_tokens: 100,
    } as const;
    const expected = new StartEstimates().expectedFor(
      arrival,
      status,
      weightsIn({ tenant_weights: {} }),
      world.clock.now(),
    );
    expect(expected?.p50).toBeLessThan(10_000);
  });

  it.each([
    { of: 'a request that it has seen', leastMs: 100, mostMs: 300 },
    { of: 'such a request that others follow without a word', silent: true, leastMs: 1_000, mostMs: 1_500 },
    { of: 'nobody knows whom', anonymous: true, leastMs: 3_000, mostMs: 3_600 },
  ])('looks for a while after an announcement of $of, and reads the directory once', async (it) => {
    const world = createWorld();
    const { clock, ports } = world;
    const { announce } = ports.directory;
    ports.directory.announce = (queue, now, about) =>
      announce(queue, now, it.anonymous ? undefined : about, it.silent ? now + 1_000 : undefined);
    await world.submit('first');
    let lists = 0;
    const { list } = ports.directory;
    ports.directory.list = async (lane) => {
      lists += 1;
      return list(lane);
    };
    let sleptAt = 0;
    const { sleep } = ports.leadership;
    ports.leadership.sleep = async (led, shown) => {
      [lists, sleptAt] = [0, clock.now()];
      return sleep(led, shown);
    };
    await clock.complete(world.prioritize());
    expect(clock.now() - sleptAt).toBeGreaterThanOrEqual(it.leastMs);
    expect(clock.now() - sleptAt).toBeLessThan(it.mostMs);
    expect(lists).toBe(1);
  });

  it.each([
    { requests: 1, afterMs: CALL_MS, written: false },
    { requests: 1, afterMs: 60_000, written: true },
    { requests: 12, afterMs: CALL_MS, written: true },
  ])(
    'leaves to its successor what $requests calls tell of the lane $afterMs ms after the last word: $written',
    async (it) => {
      const world = createWorld({
        answer: async (_, { clock }) => {
          await clock.sleep(CALL_MS);
          return { body: '{}', usage: { input_tokens: 100, output_tokens: 77 }, stopReason: 'end_turn' };
        },
      });
      const { clock, cloud } = world;
      await world.submit('first');
      await clock.complete(world.prioritize());
      expect(world.running).toBe(1);
      const before = cloud.lanes.get(LANE)?.estimates;
      expect(before).toBeDefined();
      await clock.run(clock.now() + it.afterMs);
      for (let n = 0; n < it.requests; n++) await world.submit(`r${n}`);
      await clock.complete(world.prioritize());
      expect(cloud.lanes.get(LANE)?.estimates !== before).toBe(it.written);
    },
  );

  it.each([
    { everyMs: 500, leaders: 1 },
    { everyMs: 5_000, leaders: 20 },
  ])('stays where the next request comes soon: one every $everyMs ms has $leaders leaders', async (it) => {
    const world = createWorld();
    world.settings.engine.averageRequestMs = 1_000;
    const { clock } = world;
    startsLeadersWhenWoken(world);
    const submit = async (id: string) => {
      await arrive(world, id);
      await clock.run(clock.now() + it.everyMs);
    };
    for (let n = 0; n < 10; n++) await submit(`before${n}`);
    world.logged.length = 0;
    for (let n = 0; n < 20; n++) await submit(`r${n}`);
    const taken = world.logged.filter(({ event }) => event === 'lane.taken').length;
    expect(Math.max(1, taken)).toBe(it.leaders);
  });

  it('forgets the queue of a request that ended under another leader', async () => {
    const world = createWorld();
    await world.submit('once');
    await world.clock.complete(world.prioritize());
    expect(await world.ports.directory.list(LANE)).toHaveLength(1);
    await world.clock.run(world.clock.now() + 60_000);
    await world.clock.complete(world.prioritize());
    expect(await world.ports.directory.list(LANE)).toEqual([]);
  });
});
