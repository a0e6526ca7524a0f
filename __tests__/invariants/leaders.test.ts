import fc from 'fast-check';
import { expect } from 'vitest';
import { LEASE_MS } from '../../src/core/prioritization/lane-writes.ts';
import type { World } from '../fixtures/prioritization-world.ts';
import { invariant } from './invariant.ts';
import { accept, type Coming, counted, type Doctored, doctoredWorld, schedule } from './world.ts';

const MINUTE_MS = 60_000;
/** Until somebody is woken, and has taken the lane. */
const A_MOMENT_MS = 3_000;
/** A quota that a second leader would exceed. */
const NARROW = { requests_per_minute: 40, tokens_per_minute: 1_000_000 };
const WIDE = { requests_per_minute: 6_000, tokens_per_minute: 10_000_000 };

/** A leader is started, and stops for a while at one of its calls, before or after it takes effect. */
interface Paused {
  startedAt: number;
  call: number;
  ms: number;
  after: boolean;
}

/** Half of them begin early, and half stop at one of their first calls: most requests wait then, so a leader has most to release. */
const paused: fc.Arbitrary<Paused> = fc.record({
  startedAt: fc.oneof(fc.integer({ min: 0, max: 40_000 }), fc.integer({ min: 0, max: 150_000 })),
  call: fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 200 })),
  ms: fc.integer({ min: 1_000, max: 90_000 }),
  after: fc.boolean(),
});

function startPaused(world: World, { startedAt, call, ms, after }: Paused): void {
  const { clock } = world;
  const ports = counted(world.ports, async (proceed, number) => {
    if (number === call && !after) await clock.sleep(ms);
    const answer = await proceed();
    if (number === call && after) await clock.sleep(ms);
    return answer;
  });
  clock.at(clock.now() + startedAt, () => clock.spawn(() => world.prioritize({}, ports)));
}

invariant<{ leaders: Paused[]; requests: number }, Doctored>(
  'two leaders never both release, whenever one stops and wakes up',
  {
    generated: fc.record({
      leaders: fc.array(paused, { minLength: 2, maxLength: 5 }),
      requests: fc.integer({ min: 45, max: 70 }),
    }),
    runs: 3,
    holds: async ({ leaders, requests }, without) => {
      const world = doctoredWorld({ limits: NARROW }, without);
      accept(
        world,
        Array.from({ length: requests }, () => ({ at: 0 })),
      );
      for (const leader of leaders) startPaused(world, leader);
      schedule(world, 20_000, 6);
      await world.clock.run(world.clock.now() + 7 * MINUTE_MS);
      expect(world.throttled).toBe(0);
      expect(world.calls).toHaveLength(requests);
      expect(world.cloud.sent).toHaveLength(requests);
    },
    without: {
      'the fence of plan and lease': ({ leadership }) => ({
        leadership: {
          ...leadership,
          writePlan: async (...plan) => {
            await leadership.writePlan(...plan);
            return true;
          },
          renew: async (...lease) => {
            const renewed = await leadership.renew(...lease);
            return renewed === 'lost' ? 'renewed' : renewed;
          },
        },
      }),
      'the plan that a successor goes on from': ({ leadership }) => ({
        leadership: {
          ...leadership,
          acquire: async (...lease) => {
            const led = await leadership.acquire(...lease);
            return led && { ...led, plan: undefined };
          },
        },
      }),
    },
  },
);

interface Quiet {
  coming: Coming[];
  containers: number;
  indexLagMs: number;
  firstMinute: number;
  wakes: boolean;
  /** What a leader's calls take, there and back. */
  callMs: number;
}

/** Queues of a request or two, which come about when leaders fall asleep, forget a queue, or leave. */
const quiet: fc.Arbitrary<Quiet> = fc
  .record({
    queues: fc.array(
      fc.record({
        at: fc.integer({ min: 0, max: 2 * MINUTE_MS }),
        againAfterMs: fc.option(
          fc.oneof(
            fc.integer({ min: 0, max: 5_000 }),
            // About when a leader forgets the queue.
            fc.integer({ min: 8_800, max: 9_800 }),
            fc.integer({ min: 8_800, max: 9_800 }),
            fc.integer({ min: 0, max: 70_000 }),
          ),
        ),
      }),
      { minLength: 1, maxLength: 16 },
    ),
    containers: fc.integer({ min: 1, max: 2 }),
    indexLagMs: fc.integer({ min: 0, max: 2_500 }),
    firstMinute: fc.integer({ min: 0, max: MINUTE_MS - 1 }),
    wakes: fc.boolean(),
    callMs: fc.integer({ min: 0, max: 200 }),
  })
  .map(({ queues, ...it }) => {
    const coming = queues.flatMap(({ at, againAfterMs }, queue) => {
      const tenant = `tenant-${queue}`;
      return againAfterMs === null
        ? [{ at, tenant }]
        : [
            { at, tenant },
            { at: at + againAfterMs, tenant },
          ];
    });
    return { ...it, coming };
  });

/** Half the time passes before the call takes effect. */
function slowly({ clock }: World, callMs: number) {
  return async (call: () => Promise<unknown>) => {
    await clock.sleep(callMs / 2);
    const answer = await call();
    await clock.sleep(callMs / 2);
    return answer;
  };
}

invariant<Quiet, Doctored & { unscheduled?: true }>(
  'nothing waits past the next scheduled minute, nor for it when somebody can be woken',
  {
    generated: quiet,
    runs: 6,
    holds: async ({ coming, containers, indexLagMs, firstMinute, wakes, callMs }, without) => {
      const world = doctoredWorld({ limits: WIDE, indexLagMs }, (ports, it) => ({
        waker: {
          wake: async (lanes) => {
            if (wakes) it.clock.spawn(() => it.prioritize({ lanes }));
          },
        },
        ...without?.(ports, it),
      }));
      const { prioritize } = world;
      world.prioritize = (event) => prioritize(event, counted(world.ports, slowly(world, callMs)));
      accept(world, coming, containers);
      const last = Math.max(...coming.map(({ at }) => at));
      if (!without?.unscheduled) schedule(world, firstMinute, Math.ceil(last / MINUTE_MS) + 3);
      await world.clock.run(world.clock.now() + last + 5 * MINUTE_MS);
      expect(world.cloud.sent).toHaveLength(coming.length);
      const longest = Math.max(...world.cloud.sent.map(({ timings }) => timings.wait_ms ?? 0));
      expect(longest).toBeLessThan(wakes ? 10_000 : MINUTE_MS + 10_000);
    },
    without: {
      'the nonce of announcements': ({ directory }) => ({
        directory: {
          ...directory,
          forget: async (entry) => {
            const entries = await directory.list(entry.backlog_key.split('|')[0] ?? '');
            await directory.forget(entries.find((it) => it.backlog_key === entry.backlog_key) ?? entry);
          },
        },
      }),
      'wake-ups': () => ({ waker: { wake: async () => undefined } }),
      'the schedule': Object.assign(() => ({}), { unscheduled: true as const }),
    },
  },
);

interface Deaths {
  everyMs: number;
  /** Leaders die at these calls, one after the other; later ones live. */
  calls: number[];
  firstMinute: number;
}

invariant<Deaths, Doctored>('a dead leader is replaced within seconds while requests come', {
  generated: fc.record({
    everyMs: fc.integer({ min: 300, max: 2_000 }),
    calls: fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 3 }),
    firstMinute: fc.integer({ min: 0, max: MINUTE_MS - 1 }),
  }),
  runs: 2,
  holds: async ({ everyMs, calls, firstMinute }, without) => {
    const world = doctoredWorld({ limits: WIDE }, without);
    const { clock } = world;
    const dying = [...calls];
    const { prioritize } = world;
    world.prioritize = (event, ports = world.ports) => {
      const last = dying.shift();
      if (last === undefined) return prioritize(event, ports);
      // Nothing of it has any effect any more, and nobody hears of it.
      const mortal = counted(ports, (call, number) =>
        number < last ? call() : new Promise(() => undefined),
      );
      void prioritize(event, mortal);
      return Promise.resolve();
    };
    world.ports.waker.wake ??= async () => undefined;
    const { waker } = world.ports;
    world.ports.waker = {
      wake: async (lanes) => {
        await waker.wake(lanes);
        clock.spawn(() => world.prioritize({ lanes }));
      },
    };
    const count = Math.floor((2 * MINUTE_MS) / everyMs);
    accept(
      world,
      Array.from({ length: count }, (_, i) => ({ at: i * everyMs })),
    );
    schedule(world, firstMinute, 3);
    await clock.run(clock.now() + 3 * MINUTE_MS);
    // What the dead had in hand comes back by its lease, later.
    expect([...world.cloud.table.all()].filter(({ status }) => status === 'RECEIVED')).toEqual([]);
    const waits = world.cloud.sent.map(({ timings }) => timings.wait_ms ?? 0);
    expect(Math.max(...waits)).toBeLessThan(calls.length * (LEASE_MS + A_MOMENT_MS));
  },
  without: {
    'leases that run out': ({ leadership }) => ({
      leadership: {
        ...leadership,
        acquire: (lane, holder, now, until) => leadership.acquire(lane, holder, now, until + 10 * MINUTE_MS),
        renew: (led, shown, until) => leadership.renew(led, shown, until + 10 * MINUTE_MS),
      },
    }),
  },
});
