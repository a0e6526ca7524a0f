import { describe, expect, it } from 'vitest';
import { chooseLane, drained } from '../../../src/cli/operator/lanes.ts';
import type { LaneFigures } from '../../../src/core/lane/ports.ts';
import { createMemoryCloud } from '../../../src/memory/cloud.ts';

const MODEL = 'us.amazon.nova-lite-v1:0';
const LANE = 'amazon.nova-lite:geo';
const LEASE_UNTIL = 10_000;
const at = (now: number) => ({ now: () => now, sleep: async () => undefined });

/** One lane, led; `tell` writes what its leader says of it. */
async function ledLane() {
  const { ports } = createMemoryCloud();
  await ports.registry.register(LANE, MODEL, Date.now());
  const led = await ports.leadership.acquire(LANE, 'a', 0, LEASE_UNTIL);
  if (led === undefined) throw new Error('the lane is taken');
  const tell = (figures: Partial<LaneFigures>) =>
    ports.leadership.renew(
      led,
      {
        limits: { requests_per_minute: 480, tokens_per_minute: 2_000_000 },
        figures: { utilisation: 0, share: 1, unfinished: 0, ...figures },
      },
      LEASE_UNTIL,
    );
  return { ports, tell };
}

describe('the lane that an operator means', () => {
  it.each([LANE, MODEL, 'eu.amazon.nova-lite-v1:0'])('is found by %s', async (word) => {
    const { ports } = await ledLane();
    expect(await chooseLane(word, ports)).toBe(LANE);
  });

  it.each([
    [undefined, `a lane or model id is needed; the lanes are ${LANE}`],
    ['nobody', `"nobody" is neither a lane nor a model of one; the lanes are ${LANE}`],
  ])('is offered in place of %s', async (word, message) => {
    const { ports } = await ledLane();
    await expect(chooseLane(word, ports)).rejects.toThrow(message);
  });

  it('is not there before the first request', async () => {
    const { ports } = createMemoryCloud();
    await expect(chooseLane(MODEL, ports)).rejects.toThrow('there are no lanes yet');
  });
});

it('draining waits until nothing is unfinished', async () => {
  const { ports, tell } = await ledLane();
  await tell({ unfinished: 2 });
  const { status } = ports.watch;
  let looks = 0;
  ports.watch.status = async (lane) => {
    looks += 1;
    if (looks === 3) await tell({ unfinished: 0, paused: 'operator' });
    return status(lane);
  };
  const lines: string[] = [];
  await drained(LANE, ports, at(1), (line) => void lines.push(line));
  expect(lines).toEqual([`${LANE}: 2 unfinished`, `${LANE}: 0 unfinished`]);
});

it('draining waits for what a leader releases before it hears of the pause', async () => {
  const { ports, tell } = await ledLane();
  await tell({ unfinished: 0 });
  const { status } = ports.watch;
  let looks = 0;
  ports.watch.status = async (lane) => {
    looks += 1;
    if (looks === 2) await tell({ unfinished: 5, paused: 'operator' });
    if (looks === 3) await tell({ unfinished: 0, paused: 'operator' });
    return status(lane);
  };
  const lines: string[] = [];
  const sleeps: number[] = [];
  const sleep = async (milliseconds: number) => {
    // It has not looked yet: a leader that sleeps may wake before it hears of the pause.
    if (looks === 0) sleeps.push(milliseconds);
  };
  await drained(LANE, ports, { now: () => 1, sleep }, (line) => void lines.push(line));
  expect(lines).toEqual([0, 5, 0].map((count) => `${LANE}: ${count} unfinished`));
  expect(sleeps).toEqual([3_000]);
});
