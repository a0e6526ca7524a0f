import { describe, expect, it } from 'vitest';
import type { EngineRelease } from '../../../src/core/lane/engine/tick.ts';
import { type LaneNow, type Sharing, sharingOf } from '../../../src/core/prioritization/release-bundles.ts';
import type { Priority } from '../../../src/core/request/record.ts';
import { entryOf } from '../../fixtures/entries.ts';

/** One bundle for each, of calls of ten seconds, in a calm lane, while few of many workers run. */
function shared(priorities: Priority[], { workers, ...now }: Partial<LaneNow> = {}): Sharing {
  const releases = priorities.map((priority, bundle) => ({
    ...{ entry: entryOf(bundle, { priority }), bundle, probe: false },
    ...{ maxTokens: 1, reserved: 1, least: 1, exceedsQuota: false, held: 1, variance: 0, charge: 1, cost: 1 },
  })) satisfies EngineRelease[];
  const calm = { waits: false, rivals: 1, used: 0.2, runMs: 10_000 };
  return sharingOf(releases, { ...calm, workers: workers ?? { running: 9, takenPart: 0.4 }, ...now });
}

/** Numbers of the bundles that are offered. */
function offered(...laneNow: Parameters<typeof shared>): number[] {
  return [...shared(...laneNow).offered];
}

const SCARCE = { workers: { running: 9, takenPart: 0.5 } };
const SCARCER = { workers: { running: 9, takenPart: 0.75 } };

describe('what is offered to workers that run', () => {
  it('is what can wait, in a calm lane', () => {
    expect(offered([1, 3, 5])).toEqual([1, 2]);
    expect(offered([3], { runMs: 1_000 })).toEqual([]);
    expect(offered([3], { used: 0.8 })).toEqual([]);
    expect(offered([3], { waits: true })).toEqual([]);
    expect(offered([3], { workers: { running: 1, takenPart: 0.4 } })).toEqual([]);
  });

  it('is urgent work too where hardly any worker is left', () => {
    expect(offered([1, 3], SCARCE)).toEqual([1]);
    expect(offered([1, 3], SCARCER)).toEqual([0, 1]);
  });

  it('is offered whatever the quota where several lanes want scarce workers', () => {
    const busy = { waits: true, used: 0.9 };
    expect(offered([1, 3], { ...busy, ...SCARCE, rivals: 2 })).toEqual([1]);
    expect(offered([1, 3], { ...busy, ...SCARCER, rivals: 2 })).toEqual([0, 1]);
    expect(offered([1, 3], { ...busy, ...SCARCE, rivals: 1 })).toEqual([]);
    expect(offered([1, 3], { ...busy, rivals: 2 })).toEqual([]);
  });
});

it('ends are reported together only in a lane that has quota to spare, of calls that share a worker', () => {
  expect(shared([1, 3]).unhurried).toBe(true);
  expect(shared([3], { workers: { running: 1, takenPart: 0.4 } }).unhurried).toBe(true);
  expect(shared([3], { runMs: 1_000 }).unhurried).toBe(false);
  expect(shared([3], { used: 0.8 }).unhurried).toBe(false);
  expect(shared([3], { waits: true, used: 0.9, ...SCARCE, rivals: 2 })).toMatchObject({
    takesAlong: true,
    unhurried: false,
  });
});
