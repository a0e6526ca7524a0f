import { describe, expect, it } from 'vitest';
import { wakeIfAsleep } from '../../../src/core/lane/wake.ts';
import { arrive, createWorld, LANE, startsLeadersWhenWoken } from '../../fixtures/prioritization-world.ts';

const MINUTE_MS = 60_000;

/**
 * A request is written at `at`, and its announcement arrives `lateMs` after it was sent, just after a second request was written and
 * announced.
 * @returns how long the second one waited, milliseconds
 */
async function waitBeside(late: { at: number; lateMs: number; indexLagMs: number }, busy = false) {
  const { at, lateMs, indexLagMs } = late;
  const world = createWorld({ indexLagMs });
  startsLeadersWhenWoken(world);
  const { clock, ports } = world;
  const begun = clock.now();
  const later = (ms: number, act: () => Promise<void>) => clock.at(begun + ms, () => clock.spawn(act));
  for (let minute = 0; minute < 3; minute++) later(minute * MINUTE_MS, () => world.prioritize());
  // Another tenant keeps the leader awake, which then forgets the queues of others.
  if (busy)
    for (let i = 0; i < 120; i++) later(500 + i * 700, () => arrive(world, `busy${i}`, { tenant: 'busy' }));
  later(at - 50, () => arrive(world, 'first'));
  const { announce } = ports.directory;
  later(at, async () => {
    const sent: Parameters<typeof announce>[] = [];
    ports.directory.announce = async (...announcement) => void sent.push(announcement);
    await world.submit('slow');
    ports.directory.announce = announce;
    await clock.sleep(lateMs);
    for (const announcement of sent) await announce(...announcement);
    await wakeIfAsleep(ports, LANE, clock.now());
  });
  later(at + lateMs - 10, () => arrive(world, 'second'));
  await clock.run(begun + 3 * MINUTE_MS);
  expect(world.cloud.sent.map(({ request_id }) => request_id)).toContain('slow');
  return world.cloud.sent.find(({ request_id }) => request_id === 'second')?.timings.wait_ms;
}

describe('a request that is announced just before an older announcement arrives', () => {
  it('is not forgotten, however late that one is', async () => {
    for (const lateMs of [5_000, 12_100, 12_600]) {
      const late = { at: 1_050, lateMs, indexLagMs: 100 };
      expect(await waitBeside(late, true), `${lateMs} ms late`).toBeLessThan(2_000);
    }
  });

  it('is seen by a leader that is about to leave, however far the index lags', async () => {
    for (let at = 200; at < 3_000; at += 200) {
      expect(await waitBeside({ at, lateMs: 700, indexLagMs: 1_000 }), `at ${at}`).toBeLessThan(4_000);
    }
  });
});
