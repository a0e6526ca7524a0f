import { describe, expect, it } from 'vitest';
import type { Priority } from '../../../src/core/request/record.ts';
import { createWorld } from '../../fixtures/prioritization-world.ts';

const SECONDS = 20;

/** Ten requests a second of one priority, under a quota that never binds. */
async function tenASecond(priority: Priority) {
  const world = createWorld({ limits: { requests_per_minute: 6_000, tokens_per_minute: 10_000_000 } });
  const { clock, cloud } = world;
  // So short calls share no worker that runs already.
  world.settings.engine.averageRequestMs = 1_000;
  let messages = 0;
  const { send } = cloud.ports.hold;
  cloud.ports.hold.send = (sent) => {
    messages += sent.length;
    return send(sent);
  };
  await world.submit('first', { priority });
  clock.spawn(() => world.prioritize());
  for (let n = 1; n < SECONDS * 10; n++) {
    await clock.run(clock.now() + 100);
    await world.submit(`r${n}`, { priority });
  }
  await clock.run(clock.now() + 10_000);
  const waits = cloud.sent.map(({ timings }) => timings.wait_ms ?? Number.POSITIVE_INFINITY);
  expect(waits).toHaveLength(SECONDS * 10);
  return { perMessage: waits.length / messages, longestWaitMs: Math.max(...waits) };
}

describe('requests that come ten a second', () => {
  it('are gathered for a second, and share a worker', async () => {
    const { perMessage, longestWaitMs } = await tenASecond(3);
    expect(perMessage).toBeGreaterThan(7);
    expect(longestWaitMs).toBeLessThan(2_000);
  });

  it('are not kept waiting for each other when they are urgent', async () => {
    const { perMessage, longestWaitMs } = await tenASecond(1);
    expect(perMessage).toBeLessThan(4);
    expect(longestWaitMs).toBeLessThan(700);
  });
});
