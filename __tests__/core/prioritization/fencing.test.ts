import { describe, expect, it } from 'vitest';
import { wrapped } from '../../../src/lab/simulation/fault-injector.ts';
import type { MemoryPorts } from '../../../src/memory/cloud.ts';
import { createWorld, type World } from '../../fixtures/prioritization-world.ts';

const PAUSE_MS = 60_000;
const REQUESTS = 45;
/** Of a leader in its first ticks, which release what the minute has room for. */
const CALLS = 40;

/** A leader whose process stops for a minute at its call number `at`, before or after the call takes effect. */
function pausing(ports: MemoryPorts, world: World, at: number, when: 'before' | 'after'): MemoryPorts {
  let calls = 0;
  return wrapped(ports, async (call) => {
    const mine = calls++ === at;
    if (mine && when === 'before') await world.clock.sleep(PAUSE_MS);
    const answer = await call();
    if (mine && when === 'after') await world.clock.sleep(PAUSE_MS);
    return answer;
  });
}

/** One leader pauses; the schedule starts others meanwhile. */
async function run(at: number, when: 'before' | 'after', unfenced = false): Promise<World> {
  const world = createWorld({ limits: { requests_per_minute: 40, tokens_per_minute: 1_000_000 } });
  if (unfenced) {
    const { writePlan, renew } = world.ports.leadership;
    Object.assign(world.ports.leadership, {
      writePlan: async (...args: Parameters<typeof writePlan>) => {
        await writePlan(...args);
        return true;
      },
      renew: async (...args: Parameters<typeof renew>) => {
        const renewed = await renew(...args);
        return renewed === 'lost' ? 'renewed' : renewed;
      },
    });
  }
  for (let i = 0; i < REQUESTS; i++) await world.submit(`r${i}`);
  const paused = pausing(world.ports, world, at, when);
  world.clock.spawn(() => world.prioritize({}, paused));
  for (let minute = 1; minute <= 5; minute++) {
    world.clock.at(world.clock.now() + 30_000 * minute, () => world.clock.spawn(() => world.prioritize()));
  }
  const end = world.clock.now() + 300_000;
  while (world.cloud.sent.length < REQUESTS && world.clock.now() < end) {
    await world.clock.run(world.clock.now() + 10_000);
  }
  return world;
}

describe('a leader that stops for a minute at any call and wakes up again', () => {
  it.each(['before', 'after'] as const)(
    'never makes the lane exceed its quota, nor lose anything: %s',
    async (when) => {
      for (let at = 0; at < CALLS; at += 3) {
        const world = await run(at, when);
        expect([at, world.throttled]).toEqual([at, 0]);
        expect([at, world.cloud.sent.length]).toEqual([at, REQUESTS]);
        expect(world.calls).toHaveLength(REQUESTS);
      }
    },
  );

  it('would, if plans and leases were not fenced', async () => {
    let throttled = 0;
    for (let at = 0; at < CALLS && throttled === 0; at++)
      throttled += (await run(at, 'before', true)).throttled;
    expect(throttled).toBeGreaterThan(0);
  });
});
