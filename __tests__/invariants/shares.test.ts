import fc from 'fast-check';
import { expect } from 'vitest';
import { NOBODY } from '../../src/core/lane/engine/headroom.ts';
import { StartTags } from '../../src/core/lane/engine/start-tags.ts';
import type { TickInput } from '../../src/core/lane/engine/tick.ts';
import { UrgentDemand } from '../../src/core/lane/engine/urgent-demand.ts';
import { PRIORITY_WEIGHTS } from '../../src/core/lane/priority-weights.ts';
import { PRIORITIES, type Priority } from '../../src/core/request/record.ts';
import { charged, disguised, ENDLESS, largest, noAccount, quick, sizes } from './competition.ts';
import { invariant, replaced } from './invariant.ts';
import { LaneRun, type Sabotage } from './lane-run.ts';
import { CALM, type Flow, priority, type Scenario, scaled, TOKENS_PER_MINUTE } from './scenario.ts';

const MINUTE_MS = 60_000;
/** When it comes back. */
const BACK_MS = 120_000;

const weights = fc
  .tuple(...PRIORITIES.map(() => fc.integer({ min: 1, max: 16 })))
  .map((of) => Object.fromEntries(PRIORITIES.map((it, i) => [it, of[i]])) as Record<Priority, number>);

const overload: fc.Arbitrary<Scenario> = fc
  .record({
    waiting: fc.uniqueArray(priority, { minLength: 2 }),
    sizes: fc.array(sizes, { minLength: PRIORITIES.length, maxLength: PRIORITIES.length }),
    weights,
    quick,
  })
  .map(({ waiting, sizes, weights, quick }) => ({
    ...CALM,
    ...quick,
    flows: waiting.map(
      (it, i): Flow => ({
        ...(sizes[i] as (typeof sizes)[0]),
        priority: it,
        tenant: 'acme',
        waiting: ENDLESS,
      }),
    ),
    weights: { priorityWeights: weights, tenantWeights: {} },
  }));

invariant<Scenario, Sabotage>('every priority with a backlog gets its weight’s share', {
  generated: overload,
  runs: 3,
  holds: (scenario, without) => {
    const { releases } = new LaneRun(scenario, without).run();
    const ended = releases.filter(({ end }) => end === 'settled');
    const got = charged(ended, ({ entry }) => entry.priority);
    const total = ended.reduce((sum, it) => sum + it.charged, 0);
    expect(total).toBeGreaterThan(TOKENS_PER_MINUTE);
    const { priorityWeights } = scenario.weights;
    const all = scenario.flows.reduce((sum, it) => sum + priorityWeights[it.priority], 0);
    const forUrgent = scenario.flows.some((it) => it.priority === PRIORITIES[0]) ? priorityWeights[1] : 0;
    // What urgent work has before the others' turn it does not owe them: they share what it leaves.
    const left = total - Math.max(got.get(PRIORITIES[0]) ?? 0, (total * forUrgent) / all);
    for (const { priority } of scenario.flows) {
      const isUrgent = priority === PRIORITIES[0];
      const due = isUrgent
        ? (total * forUrgent) / all
        : (left * priorityWeights[priority]) / (all - forUrgent);
      expect(got.get(priority) ?? 0).toBeGreaterThan(due * 0.95 - 3 * largest(ended));
    }
  },
  without: {
    'the account of what each was served': noAccount,
    'its weight': { told: (input) => ({ ...input, priorityWeights: { 1: 1, 2: 1, 3: 1, 4: 1, 5: 1 } }) },
  },
});

/** Anything waits, for ever: of some priorities and tenants only. */
const endless: fc.Arbitrary<Scenario> = fc
  .record({
    who: fc.uniqueArray(fc.record({ priority, tenant: fc.constantFrom('acme', 'globex') }), {
      selector: ({ priority, tenant }) => priority + tenant,
      minLength: 1,
      maxLength: 3,
    }),
    quick,
  })
  .map(({ who, quick }) => ({
    ...CALM,
    ...quick,
    // Requests that use what they reserve: what is held for answers that stay away nobody can use.
    flows: who.map(
      (it): Flow => ({ ...it, waiting: ENDLESS, input: [100, 400], maxTokens: 200, answer: [1, 1] }),
    ),
  }));

invariant<Scenario, Sabotage>('what others do not ask for is lent: whoever waits uses the whole quota', {
  generated: endless,
  runs: 3,
  holds: (scenario, without) => {
    const { releases, begin } = new LaneRun(scenario, without).run();
    const settled = releases.filter(({ at }) => at >= begin + MINUTE_MS);
    const minutes = scenario.durationMs / MINUTE_MS - 1;
    const used = settled.reduce((sum, { reserved }) => sum + reserved, 0) / minutes;
    expect(used).toBeGreaterThan(0.93 * TOKENS_PER_MINUTE);
  },
  without: {
    lending: {
      told: (input) => ({ ...input, limits: scaled(input.limits, shareOf(input)) }),
    },
  },
});

/** What a split of the quota by weights would leave to those who wait. */
function shareOf({ queues, priorityWeights }: TickInput): number {
  const weightOf = (priorities: readonly Priority[]) =>
    priorities.reduce((sum, it) => sum + priorityWeights[it], 0);
  const waiting = PRIORITIES.filter((it) => queues.some(([first]) => first?.priority === it));
  return Math.max(0.01, weightOf(waiting) / weightOf(PRIORITIES));
}

/** One is served, rests while the other uses the whole quota, and comes back with a backlog. */
const returning: fc.Arbitrary<Scenario> = fc
  .record({ kind: fc.constantFrom('priority', 'tenant'), first: fc.integer({ min: 1, max: 50 }), quick })
  .map(({ kind, first, quick }) => {
    const size = { input: [100, 400] as const, maxTokens: 200, answer: [1, 1] as const };
    const back = { priority: kind === 'priority' ? (4 as const) : (3 as const), tenant: 'back', ...size };
    return {
      ...CALM,
      ...quick,
      durationMs: 240_000,
      flows: [
        { priority: 3, tenant: 'steady', waiting: ENDLESS, ...size },
        { ...back, waiting: first },
        { ...back, waiting: 0, fromMs: BACK_MS, everyMs: 50 },
      ],
    };
  });

invariant<Scenario, Sabotage>('who comes back from idleness neither owes nor is owed', {
  generated: returning,
  runs: 3,
  holds: (scenario, without) => {
    const { releases, begin } = new LaneRun(scenario, without).run();
    const since = releases.filter(({ at }) => begin + BACK_MS + 2_000 <= at);
    const got = charged(since, ({ entry }) => entry.tenant);
    const [back = 0, steady = 0] = [got.get('back'), got.get('steady')];
    expect(back + steady).toBeGreaterThan(TOKENS_PER_MINUTE);
    const due = scenario.flows[1]?.priority === 4 ? 1 / 3 : 1 / 2;
    expect(Math.abs(back / (back + steady) - due)).toBeLessThan(0.1);
  },
  without: { 'the level start': { engine: replaced(StartTags, 'enter', () => () => undefined) } },
});

/** From arrival to release, in order of length. */
const waitsOfChat = (scenario: Scenario, sabotage?: Sabotage) =>
  new LaneRun(scenario, sabotage)
    .run()
    .releases.flatMap(({ at, entry }) => (entry.tenant === 'chat' ? [at - entry.accepted_at] : []))
    .sort((a, b) => a - b);

/** Urgent requests for less than their share, among as many others as one likes. */
const urgent: fc.Arbitrary<Scenario> = fc
  .record({ everyMs: fc.integer({ min: 700, max: 5_000 }), sizes, quick })
  .map(({ everyMs, sizes, quick }) => ({
    ...CALM,
    ...quick,
    tickMs: 200,
    successions: [],
    flows: [
      {
        priority: 1,
        tenant: 'chat',
        waiting: 0,
        fromMs: MINUTE_MS,
        everyMs,
        input: [100, 400],
        maxTokens: 200,
        answer: [0, 1],
      },
      ...([2, 3, 5] as const).map(
        (it): Flow => ({ ...sizes, priority: it, tenant: 'bulk', waiting: ENDLESS }),
      ),
    ],
  }));

invariant<Scenario, Sabotage>('a priority that asks for less than its share hardly waits', {
  generated: urgent,
  runs: 2,
  holds: (scenario, without) => {
    const waits = waitsOfChat(scenario, without);
    expect(waits.length).toBeGreaterThan(10);
    // The bulk’s requests are a second of the quota each: one or two may be ahead.
    expect(waits[Math.floor(waits.length * 0.95)]).toBeLessThan(5_000);
  },
  without: {
    'the difference between requests': disguised(() => ({ priority: 3, tenant: 'anyone' })),
  },
});

/** Urgent work asks for more than its share, and reserves more than it uses; what is less urgent never ends. */
const urgentOverload: fc.Arbitrary<Scenario> = fc
  .record({
    reserved: fc.integer({ min: 2_000, max: 8_000 }),
    everyMs: fc.integer({ min: 60, max: 200 }),
    others: priority.filter((it) => it !== PRIORITIES[0]),
    quick,
  })
  .map(({ reserved, everyMs, others, quick }) => {
    const sizes = { input: [100, 400] as const, answer: [0.05, 0.1] as const, maxTokens: reserved };
    return {
      ...CALM,
      ...quick,
      flows: [
        { ...sizes, tenant: 'acme', priority: PRIORITIES[0], waiting: 0, everyMs },
        { ...sizes, tenant: 'globex', priority: others, waiting: ENDLESS },
      ],
    };
  });

const settledTokens = (scenario: Scenario, sabotage?: Sabotage) =>
  charged(
    new LaneRun(scenario, sabotage).run().releases.filter(({ end }) => end === 'settled'),
    () => 'all',
  ).get('all') ?? 0;

invariant<Scenario, Sabotage>('urgent work beyond its share leaves no quota unused', {
  generated: urgentOverload,
  runs: 3,
  holds: (scenario, without) => {
    const used = settledTokens(scenario, without);
    const flows = scenario.flows.map((flow) => ({ ...flow, priority: PRIORITIES[2] }));
    expect(used).toBeGreaterThan(0.9 * settledTokens({ ...scenario, flows }));
  },
  without: {
    'its turn among the others': {
      engine: replaced(
        UrgentDemand,
        'foresee',
        (foresee) =>
          function (this: UrgentDemand, now, seen) {
            const all = { requests: Number.POSITIVE_INFINITY, tokens: Number.POSITIVE_INFINITY };
            return { ...foresee.call(this, now, { ...seen, capacity: all }), isWithin: false };
          },
      ),
    },
  },
});

/** Urgent work asks for almost its share from the beginning, others for all the rest and more: the first minute fills in a lump. */
const urgentFromTheStart: fc.Arbitrary<Scenario> = fc
  .record({ demand: fc.double({ min: 0.8, max: 0.95, noNaN: true }), others: fc.constantFrom(2, 3), quick })
  .map(({ demand, others, quick }) => {
    const size = { input: [200, 300] as const, maxTokens: 200, answer: [0, 1] as const };
    const share = PRIORITY_WEIGHTS[1] / (PRIORITY_WEIGHTS[1] + PRIORITY_WEIGHTS[others as Priority]);
    const everyMs = (partOfQuota: number) => (350 * MINUTE_MS) / (partOfQuota * TOKENS_PER_MINUTE);
    return {
      ...CALM,
      ...quick,
      flows: [
        { ...size, priority: 1, tenant: 'chat', waiting: 0, everyMs: everyMs(demand * share) },
        { ...size, priority: others as Priority, tenant: 'bulk', waiting: 0, everyMs: everyMs(1) },
      ],
    };
  });

invariant<Scenario, Sabotage>('urgent work gets its share in every part of the minute', {
  generated: urgentFromTheStart,
  runs: 3,
  holds: (scenario, without) => {
    const waits = waitsOfChat(scenario, without);
    expect(waits.length).toBeGreaterThan(100);
    expect(waits[Math.floor(waits.length * 0.95)]).toBeLessThan(5_000);
  },
  without: {
    'room for what is to come': {
      engine: replaced(
        UrgentDemand,
        'foresee',
        (foresee) =>
          function (this: UrgentDemand, now, seen) {
            return {
              ...foresee.call(this, now, seen),
              within: () => ({ onAverage: NOBODY, atMost: NOBODY }),
            };
          },
      ),
    },
  },
});
