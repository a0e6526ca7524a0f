/** Urgent work while a lane holds more than its share of the limits. */
import { describe, expect, it } from 'vitest';
import { slotOf } from '../../../../src/core/lane/call-report.ts';
import { LaneEngine } from '../../../../src/core/lane/engine/engine.ts';
import { writeState } from '../../../../src/core/lane/engine/state.ts';
import type { TickInput } from '../../../../src/core/lane/engine/tick.ts';
import { PRIORITY_WEIGHTS } from '../../../../src/core/lane/priority-weights.ts';
import { entryOf } from '../../../fixtures/entries.ts';

const NOW = 1_000_000_000;
const LIMITS = { requests_per_minute: 6_000, tokens_per_minute: 100_000 };
const SETTINGS = {
  averageRequestMs: 5_000,
  minutesToProcess: 5,
  leaseMs: 330_000,
};

/** A lane whose account holds so much of the limits, of which it takes `share` to be its own. */
function laneHolding(part: number, share: number): LaneEngine {
  const tokens = part * LIMITS.tokens_per_minute;
  const slot = { releases: 1, bundles: 1, reserved: tokens, held: tokens, variance: 0, expected: tokens };
  const adaptation = { share, cutAt: NOW - 1_000, limits: LIMITS };
  return new LaneEngine(SETTINGS, writeState({ slots: [[slotOf(NOW - 2_000), slot]], adaptation }));
}

/** Priorities of what goes out. */
function released(engine: LaneEngine, now = NOW, input: Partial<TickInput> = {}): number[] {
  const urgent = [1, 2, 3].map((order) => entryOf(order, { priority: 1 }));
  const other = [4, 5, 6].map((order) => entryOf(order));
  const { releases } = engine.tick({
    now,
    reports: [],
    queues: [urgent, other],
    limits: LIMITS,
    workers: 100,
    priorityWeights: PRIORITY_WEIGHTS,
    tenantWeights: {},
    paused: false,
    ...input,
  });
  return releases.map(({ entry }) => entry.priority);
}

describe('a lane above its share', () => {
  it('lets urgent work try, one first; others wait', () => {
    expect(released(laneHolding(0.7, 0.5))).toEqual([1]);
  });

  it('waits for what became of it, and lets more go while nothing is refused', () => {
    const engine = laneHolding(0.7, 0.5);
    released(engine);
    expect(released(engine, NOW + 200)).toEqual([]);
    expect(released(engine, NOW + 600)).toEqual([1, 1]);
  });

  it('never lets it exceed the limits themselves', () => {
    expect(released(laneHolding(1, 0.5))).toEqual([]);
  });

  it('control: within its share all go', () => {
    expect(released(laneHolding(0.3, 0.5))).toEqual(expect.arrayContaining([1, 3]));
  });
});
