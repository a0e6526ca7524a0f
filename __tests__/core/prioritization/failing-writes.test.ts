import { describe, expect, it, vi } from 'vitest';
import { ModelError } from '../../../src/core/invocation/errors.ts';
import { laneOf } from '../../../src/core/lane/catalog/catalog.ts';
import { backlogKey } from '../../../src/core/request/keys.ts';
import { wrapped } from '../../../src/lab/simulation/fault-injector.ts';
import {
  arrive,
  createWorld,
  LANE,
  schedule,
  startsLeadersWhenWoken,
  type World,
} from '../../fixtures/prioritization-world.ts';

const MUCH = { requests_per_minute: 100_000, tokens_per_minute: 100_000_000 };
const USAGE = { input_tokens: 100, output_tokens: 100 };

/** Answers take so long. */
function takes(ms: number): (call: unknown, world: World) => Promise<never> {
  return async (_, { clock }) => {
    await clock.sleep(ms);
    return { body: '{}', stopReason: 'end_turn', usage: USAGE, latencyMs: ms } as never;
  };
}

describe('what was decided and could not be written', () => {
  it.each(['writePlan', 'renew'] as const)('holds no quota: %s', async (name) => {
    const world = createWorld({ limits: { requests_per_minute: 60, tokens_per_minute: 1_000_000 } });
    for (let i = 0; i < 60; i++) await world.submit(`r${i}`);
    const write = vi.spyOn(world.ports.leadership, name);
    // One more, and the leader gives up.
    for (let i = 0; i < 4; i++) write.mockRejectedValueOnce(new Error('throttled'));
    schedule(world, 1);
    await world.clock.run(world.clock.now() + 30_000);
    expect(write.mock.calls.length).toBeGreaterThan(4);
    expect(world.calls).toHaveLength(60);
    await world.clock.run(world.clock.now() + 100_000);
  });
});

describe('a probe whose plan could not be written', () => {
  it('is followed by another at once', async () => {
    /** When the first release after the outage goes out. The first plan from `failsFrom` on is not written. */
    const recoversAt = async (failsFrom = Number.POSITIVE_INFINITY) => {
      const world = createWorld({
        answer: async (call, it) => {
          await it.clock.sleep(100);
          if (it.clock.now() < begun + 20_000) {
            throw new ModelError({ kind: 'transient', type: 'InternalServerException', message: 'out' });
          }
          return takes(100)(call, it);
        },
      });
      const begun = world.clock.now();
      for (let i = 0; i < 40; i++) await world.submit(`r${i}`);
      const { leadership, hold } = world.ports;
      const { writePlan } = leadership;
      let failed = false;
      leadership.writePlan = async (led, plan) => {
        if (failed || world.clock.now() < begun + failsFrom) return writePlan(led, plan);
        failed = true;
        throw new Error('throttled');
      };
      let releasedAt = Number.POSITIVE_INFINITY;
      const send = hold.send;
      hold.send = async (messages) => {
        const since = world.clock.now() - begun;
        if (since >= 20_000) releasedAt = Math.min(releasedAt, since);
        return send(messages);
      };
      schedule(world, 1);
      await world.clock.run(begun + 200_000);
      return { releasedAt, failed };
    };
    const { releasedAt } = await recoversAt();
    const disturbed = await recoversAt(releasedAt);
    expect(disturbed.failed).toBe(true);
    expect(disturbed.releasedAt).toBeGreaterThan(releasedAt);
    expect(disturbed.releasedAt).toBeLessThan(releasedAt + 2_000);
  });
});

describe('a queue of workers that refuses', () => {
  it('for a quarter of a minute keeps no worker taken for longer', async () => {
    const world = createWorld({
      ...{ limits: MUCH, settings: { workers: 10 }, answer: takes(2_000) },
    });
    const begun = world.clock.now();
    for (let i = 0; i < 2_500; i++) await world.submit(`r${i}`);
    const { hold } = world.ports;
    const send = hold.send;
    let lost = 0;
    hold.send = async (messages) => {
      const since = world.clock.now() - begun;
      if (since < 3_000 || since >= 18_000) return send(messages);
      lost += messages.length;
      throw new Error('queue down');
    };
    schedule(world, 2);
    await world.clock.run(begun + 60_000);
    expect(lost).toBeGreaterThan(10);
    expect(world.cloud.sent).toHaveLength(2_500);
    expect(await world.ports.watch.status(LANE)).toMatchObject({ figures: { unfinished: 0, bundles: 0 } });
    await world.clock.run(begun + 300_000);
  });

  it('keeps a leader awake that has nothing else to do', async () => {
    const world = createWorld();
    startsLeadersWhenWoken(world);
    const begun = world.clock.now();
    const { hold } = world.ports;
    const send = hold.send;
    hold.send = async (messages) => {
      if (world.clock.now() < begun + 15_000) throw new Error('queue down');
      return send(messages);
    };
    await arrive(world, 'r1');
    await world.clock.run(begun + 20_000);
    expect(world.cloud.sent).toHaveLength(1);
    await world.clock.run(begun + 100_000);
  });
});

it('a leader that gives up leaves the workers to the other lanes of its invocation', async () => {
  const model = 'amazon.nova-pro-v1:0';
  const lane = laneOf(model);
  const queue = backlogKey({ lane, priority: 3, tenant: 'default', shard: 0 });
  const world = createWorld({
    ...{ limits: MUCH, settings: { workers: 10 }, answer: takes(5_000) },
    laneSettings: { quota_overrides: { [LANE]: MUCH, [lane]: MUCH } },
  });
  const begun = world.clock.now();
  for (let i = 0; i < 300; i++) await world.submit(`a${i}`);
  for (let i = 0; i < 2_000; i++) {
    await world.submit(`b${i}`, { model_id: model, lane, queue, backlog_key: queue });
  }
  const { directory } = world.ports;
  const list = directory.list;
  directory.list = async (of) => {
    if (of === LANE && world.clock.now() > begun + 6_000) throw new Error('table down');
    return list(of);
  };
  const leading = world.prioritize().catch((error: Error) => error.message);
  await world.clock.run(begun + 55_000);
  const answered = world.cloud.sent.filter(({ request_id }) => request_id.startsWith('b'));
  // Ten workers of forty calls, each of five seconds.
  expect(answered.length).toBeGreaterThan(1_500);
  await world.clock.run(begun + 200_000);
  expect(await leading).toBe('table down');
});

it('a leader of more queues than it reads in one round falls asleep like any other', async () => {
  const world = createWorld({
    limits: MUCH,
    answer: (call, it) => takes(call.body.includes('"maxTokens":777') ? 250_000 : 1_000)(call, it),
  });
  const { clock, ports } = world;
  const begun = clock.now();
  let calls = 0;
  const counted = wrapped(ports, async (call) => {
    calls += 1;
    return call();
  });
  ports.waker.wake = async (lanes) => clock.spawn(() => world.prioritize({ lanes: [...lanes] }, counted));
  await world.submit('long', { max_tokens: 777 });
  for (let i = 0; i < 250; i++) {
    clock.at(begun + 1_000 + i * 10, () => clock.spawn(() => arrive(world, `r${i}`, { tenant: `t${i}` })));
  }
  clock.spawn(() => world.prioritize({}, counted));
  await clock.run(begun + 120_000);
  expect(world.cloud.sent).toHaveLength(250);
  // Each queue is read a few times; without end they would be a million.
  expect(calls).toBeLessThan(10_000);
  await clock.run(begun + 400_000);
});
