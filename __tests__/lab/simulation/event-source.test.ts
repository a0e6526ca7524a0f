import { describe, expect, it } from 'vitest';
import { seededDelays } from '../../../src/lab/simulation/delays.ts';
import { EventSource } from '../../../src/lab/simulation/event-source.ts';
import { VirtualClock } from '../../../src/lab/simulation/virtual-clock.ts';

/** How many of `messages` run at once, second by second, when each takes ten minutes. */
async function runningAfter(seconds: readonly number[], messages: number, maximumConcurrency: number) {
  const clock = new VirtualClock();
  let running = 0;
  const source = new EventSource<number>({
    clock,
    delays: seededDelays(1),
    maximumConcurrency,
    handle: async () => {
      running += 1;
      await clock.sleep(600_000);
    },
  });
  for (let message = 0; message < messages; message++) source.send(message);
  const counts: number[] = [];
  for (const second of seconds) {
    await clock.run(second * 1_000);
    counts.push(running);
  }
  return counts;
}

describe('event source', () => {
  it('starts with five workers and adds five a second while messages wait', async () => {
    const [soon = 0, later = 0, much = 0] = await runningAfter([0.9, 10, 63], 1_000, 1_000);
    expect(soon).toBeLessThanOrEqual(5);
    expect(later).toBeGreaterThan(40);
    expect(later).toBeLessThanOrEqual(55);
    expect(much).toBeGreaterThan(290);
    expect(much).toBeLessThanOrEqual(5 + 5 * 63);
  });

  it('never runs more than its maximum at once', async () => {
    expect(await runningAfter([120], 1_000, 30)).toEqual([30]);
  });

  it('delivers every message', async () => {
    expect(await runningAfter([120], 17, 1_000)).toEqual([17]);
  });
});
