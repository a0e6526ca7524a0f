import { describe, expect, it } from 'vitest';
import type { Limits } from '../../../src/core/lane/catalog/limits.ts';
import type { HoldMessage } from '../../../src/core/request/hold-message.ts';
import type { Priority } from '../../../src/core/request/record.ts';
import {
  arrive,
  createWorld,
  startsLeadersWhenWoken,
  type World,
} from '../../fixtures/prioritization-world.ts';

const PLENTY: Limits = { requests_per_minute: 6_000, tokens_per_minute: 10_000_000 };

interface Traffic {
  priority?: Priority;
  inputBytes?: number;
  callMs?: number;
  limits?: Limits;
  workers?: number;
  /** What a leader finds when it offers a bundle. */
  doctored?: (world: World) => void;
}

/** One request a second for half a minute: what was sent to workers, when, and how many of them ran at once. */
async function oneASecond({
  priority = 3,
  inputBytes = 400,
  callMs = 5_000,
  limits = PLENTY,
  workers,
  doctored,
}: Traffic) {
  const world = createWorld({
    limits,
    answer: async (_, { clock }) => {
      await clock.sleep(callMs);
      return { body: '{}', stopReason: 'end_turn', usage: { input_tokens: 100, output_tokens: 100 } };
    },
  });
  const { clock, cloud } = world;
  startsLeadersWhenWoken(world);
  world.settings.engine.averageRequestMs = callMs;
  if (workers !== undefined) world.settings.workers = workers;
  doctored?.(world);
  const messages: HoldMessage[] = [];
  const { send } = cloud.ports.hold;
  cloud.ports.hold.send = (sent) => {
    messages.push(...sent);
    return send(sent);
  };
  const { make } = cloud.ports.offers;
  let offered = 0;
  cloud.ports.offers.make = async (bundle) => {
    await make(bundle);
    offered += 1;
  };
  await world.submit('r0', { priority, input_bytes: inputBytes });
  for (let minute = 0; minute < 4; minute++) {
    clock.at(clock.now() + 100_000 * minute, () => clock.spawn(() => world.prioritize()));
  }
  for (let n = 1; n < 30; n++) {
    await clock.run(clock.now() + 1_000);
    await arrive(world, `r${n}`, { priority, input_bytes: inputBytes });
  }
  await clock.run(clock.now() + 240_000);
  expect(cloud.sent.map(({ status }) => status)).toEqual(new Array(30).fill('COMPLETED'));
  const waits = cloud.sent.map(({ timings }) => timings.wait_ms ?? Number.POSITIVE_INFINITY);
  expect(messages.filter(({ offered }) => offered)).toEqual([]);
  return {
    offered,
    messages: messages.length,
    // Their workers take nothing along.
    alone: messages.filter(({ bytes }) => bytes === undefined).length,
    mostRunning: world.mostRunning,
    longestWaitMs: Math.max(...waits),
  };
}

describe('a bundle', () => {
  it('is offered to workers that run, and seldom needs one of its own', async () => {
    const { offered, messages, mostRunning, longestWaitMs } = await oneASecond({});
    expect(offered).toBeGreaterThan(20);
    expect(messages).toBeLessThan(8);
    expect(mostRunning).toBeLessThanOrEqual(2);
    expect(longestWaitMs).toBeLessThan(2_500);
  });

  it('waits for nobody when it is urgent or large, or its calls are short', async () => {
    for (const traffic of [{ priority: 1 }, { inputBytes: 6_000_000 }, { callMs: 1_000 }] as const) {
      const { offered, longestWaitMs } = await oneASecond(traffic);
      expect(offered).toBe(0);
      expect(longestWaitMs).toBeLessThan(1_000);
    }
  });

  it('goes at once where others wait for the quota', async () => {
    const limits = { requests_per_minute: 10, tokens_per_minute: 10_000_000 };
    const { offered, alone } = await oneASecond({ limits });
    expect(offered).toBeLessThan(10);
    expect(alone).toBeGreaterThan(10);
  });

  it('is offered although it is urgent where half of the workers are taken', async () => {
    // Each would keep one of them busy for ten seconds.
    const { offered, longestWaitMs } = await oneASecond({ priority: 1, callMs: 10_000, workers: 6 });
    expect(offered).toBeGreaterThan(10);
    expect(longestWaitMs).toBeLessThan(2_500);
  });

  it('that cannot be offered goes at once', async () => {
    const { offered, longestWaitMs } = await oneASecond({
      doctored: ({ cloud }) => {
        cloud.ports.offers.make = () => Promise.reject(new Error('table down'));
      },
    });
    expect(offered).toBe(0);
    expect(longestWaitMs).toBeLessThan(1_000);
  });
});
