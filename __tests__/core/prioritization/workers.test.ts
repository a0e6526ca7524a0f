import { describe, expect, it } from 'vitest';
import type { LaneStatus } from '../../../src/core/lane/ports.ts';
import { Workers } from '../../../src/core/prioritization/workers.ts';

/** What the lanes table holds of some lanes, and how often it was asked. */
function tableOf(lanes: Record<string, LaneStatus>) {
  const asked: string[] = [];
  const ports = {
    registry: { list: async () => Object.keys(lanes).map((lane) => ({ lane, model_id: 'm' })) },
    watch: {
      status: async (lane: string) => {
        asked.push(lane);
        return lanes[lane];
      },
    },
  };
  return { ports, asked };
}

const THIRTY = { workers: 30, queueDepthThreshold: 100 };
const NONE = tableOf({}).ports;
const busy = (bundles: number, waiting: boolean, leaseUntil = 1_000_000): LaneStatus => ({
  lease_until: leaseUntil,
  figures: { unfinished: bundles, bundles, waiting, utilisation: 0, share: 1 },
});

describe('lanes led by one invocation', () => {
  it('a lane alone may take all workers', () => {
    expect(new Workers(THIRTY, NONE).availableTo('a')).toBe(30);
  });

  it('take no more than all workers together', () => {
    const workers = new Workers(THIRTY, NONE);
    workers.note('a', { taken: 20, waiting: false });
    expect(workers.availableTo('b')).toBe(10);
  });

  it('leave something for a lane with work, and nothing for one without', () => {
    const workers = new Workers(THIRTY, NONE);
    workers.note('a', { taken: 10, waiting: true });
    workers.note('b', { taken: 0, waiting: true });
    expect(workers.availableTo('a')).toBe(23);
    expect(workers.rivalsOf('a')).toBe(2);
    workers.note('b', { taken: 0, waiting: false });
    expect(workers.availableTo('a')).toBe(30);
    expect(workers.rivalsOf('a')).toBe(1);
  });

  it('give their workers back when they are left', () => {
    const workers = new Workers(THIRTY, NONE);
    workers.note('a', { taken: 20, waiting: true });
    workers.leave('a');
    expect(workers.availableTo('b')).toBe(30);
  });
});

describe('queue_depth_threshold', () => {
  it('is messages in the Hold queue: as many bundles as it says may be out, in all', () => {
    const workers = new Workers({ workers: 30, queueDepthThreshold: 4 }, NONE);
    workers.note('a', { taken: 3, waiting: false });
    expect(workers.availableTo('b')).toBe(1);
    expect(workers.setting).toBe('queue_depth_threshold');
    expect(new Workers(THIRTY, NONE).setting).toBe('max_concurrent_executions');
  });
});

describe('lanes led by other invocations', () => {
  it('count as their leaders last wrote it', async () => {
    const lanes = { a: busy(0, true), b: busy(20, true) };
    const workers = new Workers(THIRTY, tableOf(lanes).ports);
    workers.note('a', { taken: 2, waiting: true });
    expect(workers.availableTo('a')).toBe(30);
    await workers.refresh(0);
    expect(workers.availableTo('a')).toBe(10);
    expect(workers.rivalsOf('a')).toBe(2);
    lanes.b = busy(4, false);
    await workers.refresh(1_000);
    expect(workers.availableTo('a')).toBe(26);
  });

  it('count no more once nobody leads them, or this invocation does', async () => {
    const lanes = { a: busy(0, true), b: busy(20, true, 1_500), c: busy(5, false) };
    const workers = new Workers(THIRTY, tableOf(lanes).ports);
    workers.note('a', { taken: 2, waiting: true });
    await workers.refresh(1_000);
    expect(workers.availableTo('a')).toBe(5);
    workers.note('c', { taken: 1, waiting: false });
    await workers.refresh(2_000);
    expect(workers.availableTo('a')).toBe(29);
  });

  it('are looked at once a second, own lanes never, and those that nobody leads seldom', async () => {
    const { ports, asked } = tableOf({ own: busy(0, true), led: busy(1, true), unled: {} });
    const workers = new Workers(THIRTY, ports);
    workers.note('own', { taken: 0, waiting: true });
    for (let now = 0; now < 10_000; now += 200) await workers.refresh(now);
    expect(asked.filter((it) => it === 'led')).toHaveLength(10);
    expect(asked.filter((it) => it === 'unled')).toHaveLength(2);
    expect(asked).not.toContain('own');
  });
});

it('a lane that has just fallen asleep may have workers that run, but keeps none from the others', async () => {
  const asleep = { ...busy(2, false, 5_000), asleep: true };
  const workers = new Workers(THIRTY, tableOf({ b: asleep, c: busy(4, false) }).ports);
  workers.note('a', { taken: 1, waiting: true });
  await workers.refresh(1_000);
  expect(workers.running).toBe(7);
  expect(workers.takenPart).toBe(5 / 30);
  expect(workers.availableTo('a')).toBe(26);
  // When its lease would have ended, it is forgotten.
  await workers.refresh(7_000);
  expect(workers.running).toBe(5);
});

it('a lane that becomes our own while it is looked at is counted once', async () => {
  const { ports } = tableOf({ b: busy(4, false) });
  const workers = new Workers(THIRTY, {
    ...ports,
    watch: {
      status: async (lane) => {
        workers.note(lane, { taken: 1, waiting: true });
        return ports.watch.status(lane);
      },
    },
  });
  await workers.refresh(1_000);
  expect(workers.running).toBe(1);
});
