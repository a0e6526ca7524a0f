import { describe, expect, it } from 'vitest';
import { LaneNotifier } from '../../../src/core/ingestion/lane-notifier.ts';
import { createWorld, LANE } from '../../fixtures/prioritization-world.ts';

/** A request comes `afterMs` into the life of a leader that had one other to deal with. Returns how long it waited. */
async function waitOf(afterMs: number, wakes = true): Promise<number> {
  const world = createWorld();
  const { clock, ports } = world;
  ports.waker.wake = async (lanes) => {
    if (wakes) clock.spawn(() => world.prioritize({ lanes }));
  };
  await world.submit('first');
  clock.spawn(() => world.prioritize());
  const begun = clock.now();
  clock.at(begun + afterMs, () =>
    clock.spawn(async () => {
      await world.submit('second');
      await new LaneNotifier(ports).wakeIfAsleep(LANE, clock.now());
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

  it('would, if nobody woke the lane', async () => {
    const waits = await Promise.all(moments.map((afterMs) => waitOf(afterMs, false)));
    expect(Math.max(...waits)).toBe(Number.POSITIVE_INFINITY);
    // The leader's last look catches what comes shortly before.
    expect(Math.min(...waits)).toBeLessThan(6_000);
  });
});
