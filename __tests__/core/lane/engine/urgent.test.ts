/** Urgent work while a lane holds more than its share of the limits. */
import { describe, expect, it } from 'vitest';
import { slotOf } from '../../../../src/core/lane/call-report.ts';
import { LaneEngine } from '../../../../src/core/lane/engine/engine.ts';
import { writeState } from '../../../../src/core/lane/engine/state.ts';
import type { TickInput } from '../../../../src/core/lane/engine/tick.ts';
import { UrgentDemand } from '../../../../src/core/lane/engine/urgent-demand.ts';
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

describe('an urgent request on a lane that has seen none', () => {
  const IDLE = { requests_per_minute: 200 };
  const burst = (count: number) =>
    Array.from({ length: count }, (_, order) =>
      entryOf(order, { accepted_at: NOW, tenant: `tenant-${order % 10}` }),
    );

  /** What goes of a burst in its first two seconds, and then of one urgent request that comes after it. */
  function afterBurst(count: number): { released: number; urgent: number[] } {
    const engine = new LaneEngine(SETTINGS);
    let waiting = burst(count);
    const tick = (now: number, urgent: ReturnType<typeof entryOf>[]) => {
      const { releases } = engine.tick({
        ...{ now, reports: [], queues: [urgent, waiting], limits: IDLE, workers: 100 },
        ...{ priorityWeights: PRIORITY_WEIGHTS, tenantWeights: {}, paused: false },
      });
      const gone = new Set(releases.map(({ entry }) => entry.request_id));
      waiting = waiting.filter(({ request_id }) => !gone.has(request_id));
      return releases;
    };
    for (let now = NOW; now < NOW + 2_000; now += 200) tick(now, []);
    const left = waiting.length;
    const late = tick(NOW + 5_000, [entryOf(10_000, { accepted_at: NOW, priority: 1 })]);
    return {
      released: count - left,
      urgent: late.map(({ entry }) => entry.priority).filter((it) => it === 1),
    };
  }

  it('finds room after a burst of more than the minute', () => {
    expect(afterBurst(400)).toEqual({ released: 199, urgent: [1] });
  });

  it('takes none from a burst that fits', () => {
    expect(afterBurst(200)).toEqual({ released: 200, urgent: [] });
  });
});

describe('urgent work that is expected', () => {
  /** Twenty calls of so many tokens came in five seconds. */
  const lately = (tokens: number) => [20, 20 * tokens, 20 * tokens, 20 * tokens ** 2, 20 * tokens ** 2];
  const CAPACITY = { requests: LIMITS.requests_per_minute, tokens: LIMITS.tokens_per_minute };
  const SEEN = {
    ...{ share: 0.8, waiting: 9, waits: true, limits: LIMITS, capacity: CAPACITY, runMs: 1_000 },
    ...{ typical: { requests: 1, tokens: 100 }, used: { requests: 0, tokens: 0 } },
  };

  /** Tokens that others get within ten seconds of a lane that is idle. */
  function othersGet(tokens: number, spans = [1, 2, 3].map(() => lately(tokens))): number {
    const urgent = { since: NOW, sums: [], spans };
    const engine = new LaneEngine(SETTINGS, writeState({ slots: [], urgent }));
    let waiting = Array.from({ length: 300 }, (_, order) => entryOf(order));
    let got = 0;
    for (let now = NOW; now < NOW + 10_000; now += 200) {
      const { releases } = engine.tick({
        ...{ now, reports: [], queues: [waiting], limits: LIMITS, workers: 100 },
        ...{ priorityWeights: PRIORITY_WEIGHTS, tenantWeights: {}, paused: false },
      });
      got += releases.reduce((sum, { held }) => sum + held, 0);
      const released = new Set(releases.map(({ entry }) => entry));
      waiting = waiting.filter((entry) => !released.has(entry));
    }
    return got;
  }

  it('is kept room for, and the less the less there was of it', () => {
    expect(othersGet(400)).toBeLessThan(0.55 * LIMITS.tokens_per_minute);
    expect(othersGet(400)).toBeGreaterThan(0.1 * LIMITS.tokens_per_minute);
    expect(othersGet(10)).toBeGreaterThan(0.6 * LIMITS.tokens_per_minute);
  });

  it('is not expected again for having come once at once', () => {
    const burst = lately(400);
    const without = othersGet(400, []);
    expect(othersGet(400, [burst, [], [], []])).toBeGreaterThan(0.95 * without);
    expect(othersGet(400, [[], [], burst, []])).toBeGreaterThan(0.95 * without);
    expect(othersGet(400, [[], burst, [], burst])).toBeLessThan(0.9 * without);
  });

  it('is kept no more than its share of each minute, with what it has had', () => {
    const due = SEEN.share * LIMITS.tokens_per_minute;
    for (const tokens of [400, 2_000, 20_000]) {
      const demand = new UrgentDemand({ since: NOW, sums: [], spans: [lately(tokens)] });
      const { within } = demand.foresee(NOW, SEEN);
      expect(within(50_000).atMost.tokens).toBe(Math.max(0, due - 20 * tokens));
      expect(within(61_000).atMost.tokens).toBe(due);
    }
  });

  it('is kept no room for a part of a request, which nobody could use', () => {
    const two = { limits: { requests_per_minute: 2 }, capacity: { requests: 2, tokens: CAPACITY.tokens } };
    const kept = (calls: number) => {
      const demand = new UrgentDemand({ since: NOW, sums: [], spans: [[calls, 0, 0, 0, 0]] });
      return demand.foresee(NOW, { ...SEEN, ...two }).within(50_000).atMost.requests;
    };
    // Of two requests a minute, eight tenths are its share.
    expect([0, 1, 2].map(kept)).toEqual([0, 0, 0]);
    const rested = new UrgentDemand({ since: NOW - 45_000, sums: [1, 0, 0, 0, 0], spans: [] });
    expect(rested.foresee(NOW, { ...SEEN, ...two }).within(58_000).atMost.requests).toBe(1);
  });

  it('is as large as what came turned out to be, not as it was taken to be at first', () => {
    const kept = (demand: UrgentDemand) => {
      const { within } = demand.foresee(NOW + 5_000, SEEN);
      return within(20_000).onAverage.tokens;
    };
    const demandAfter = (owed: number) => {
      const demand = new UrgentDemand({ since: NOW, sums: [], spans: [] });
      for (let call = 0; call < 10; call += 1) demand.add({ held: 200, charge: 200 });
      demand.correct(owed);
      return demand;
    };
    expect(kept(demandAfter(-1_800)) / kept(demandAfter(0))).toBeLessThan(0.3);
    expect(kept(demandAfter(2_000)) / kept(demandAfter(0))).toBeGreaterThan(1.7);
  });

  it('goes first after a rest, and takes its turn when it has had its share of the last minute', () => {
    const isWithin = (...spans: number[][]) =>
      new UrgentDemand({ since: NOW, sums: [], spans }).foresee(NOW, { ...SEEN, share: 0.5 }).isWithin;
    const [some, much] = [lately(200), lately(2_000)];
    expect(isWithin(much)).toBe(true);
    expect(isWithin(much, some)).toBe(true);
    expect(isWithin(some, much, some, some, some)).toBe(false);
  });

  it('is entitled to its share of what the lane can serve', () => {
    const capacity = { requests: CAPACITY.requests, tokens: 0.3 * CAPACITY.tokens };
    const demand = new UrgentDemand({ since: NOW, sums: [], spans: [lately(2_000)] });
    expect(demand.foresee(NOW, { ...SEEN, capacity }).isWithin).toBe(false);
  });

  it('is expected to be none where an earlier release left something else', () => {
    const earlier = { since: NOW, spans: 12, sums: lately(400), last: lately(400), mean: lately(400) };
    const demand = new UrgentDemand(earlier as never);
    expect(demand.foresee(NOW, { ...SEEN, waiting: 0 }).within(30_000).atMost).toEqual({
      requests: 0,
      tokens: 0,
    });
  });
});
