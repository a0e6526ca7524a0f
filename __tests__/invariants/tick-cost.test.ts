import fc from 'fast-check';
import { expect } from 'vitest';
import { defaultSettings } from '../../src/lab/bench/bench.ts';
import { BusyLane, type BusyLanePorts } from '../../src/lab/bench/busy-lane.ts';
import { createMemoryCloud } from '../../src/memory/cloud.ts';
import { invariant } from './invariant.ts';

const TICK_MS = 200;
const TICKS = 20;
/** So many wait at least that the heads of every queue are full, also when urgent work has had its share of a whole minute. */
const FEW = 2_500;

interface Backlogs {
  few: number;
  many: number;
  /** Released at each tick. */
  pace: number;
}

type Doctored = (ports: BusyLanePorts) => Partial<BusyLanePorts>;

/** Calls to AWS, and items that they carried, of some ticks over such a backlog. */
async function costOf(waiting: number, pace: number, doctored?: Doctored): Promise<number> {
  let now = Date.UTC(2026, 10, 2, 9);
  let cost = 0;
  const clock = { now: () => now, sleep: async () => undefined };
  const noted = (port: object) =>
    Object.fromEntries(
      Object.entries(port).map(([name, call]: [string, (...parameters: unknown[]) => Promise<unknown>]) => [
        name,
        async (...parameters: unknown[]) => {
          const answer = await call.apply(port, parameters);
          cost += 1 + (Array.isArray(answer) ? answer.length : 0);
          return answer;
        },
      ]),
    );
  const asSeen = (ports: BusyLanePorts) =>
    Object.fromEntries(
      Object.entries({ ...ports, ...doctored?.(ports) }).map(([name, port]) => [name, noted(port)]),
    ) as never;
  const { prioritization: settings } = defaultSettings('sliding-window', 0);
  const limits = { requests_per_minute: (pace * 60_000) / TICK_MS, tokens_per_minute: 1e12 };
  const { ports } = createMemoryCloud({ clock });
  const lane = new BusyLane(ports, { settings, clock, limits, asSeen });
  await lane.fill(waiting);
  for (let tick = 0; tick < TICKS; tick++) {
    now += TICK_MS;
    await lane.leader.tick();
    await lane.finishReleased();
  }
  expect(lane.released).toBeGreaterThan(0);
  return cost;
}

invariant<Backlogs, Doctored>('a tick costs the same whatever waits', {
  generated: fc
    .record({
      few: fc.integer({ min: FEW, max: 2 * FEW }),
      times: fc.integer({ min: 2, max: 4 }),
      pace: fc.integer({ min: 1, max: 2 }),
    })
    .map(({ few, times, pace }) => ({ few, many: few * times, pace })),
  runs: 2,
  holds: async ({ few, many, pace }, without) => {
    expect(await costOf(many, pace, without)).toBe(await costOf(few, pace, without));
  },
  without: {
    'the limit to what is read of a queue': ({ backlog }) => ({
      backlog: { ...backlog, heads: (key) => backlog.heads(key, Number.MAX_SAFE_INTEGER) },
    }),
  },
});
