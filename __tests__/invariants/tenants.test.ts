import fc from 'fast-check';
import { expect } from 'vitest';
import { Bundles } from '../../src/core/lane/engine/bundles.ts';
import { FairQueues } from '../../src/core/lane/engine/fair-queues.ts';
import { charged, disguised, ENDLESS, largest, noAccount, quick } from './competition.ts';
import { invariant, replaced } from './invariant.ts';
import { LaneRun, type Sabotage } from './lane-run.ts';
import { CALM, range, type Scenario, TOKENS_PER_MINUTE } from './scenario.ts';

/** Requests whose cost is known beforehand: what answers add is a trifle. */
const plain = fc.record({
  input: range(200, 3_000),
  maxTokens: fc.constant(2),
  answer: fc.constant([1, 1] as const),
});

const rivals: fc.Arbitrary<Scenario> = fc
  .record({
    small: plain,
    large: plain,
    backlogs: range(150, ENDLESS),
    guest: fc.integer({ min: 1, max: 4 }),
    quick,
  })
  .map(({ small, large, backlogs: [least, most], guest, quick }) => ({
    ...CALM,
    ...quick,
    weights: { ...CALM.weights, tenantWeights: { guest } },
    // Whoever has the larger backlog was there first.
    flows: [
      { ...large, priority: 3, tenant: 'flood', waiting: most },
      { ...small, priority: 3, tenant: 'guest', waiting: least },
    ],
  }));

/** The tokens, for its weight, by which one tenant was ever ahead of the other, from any moment on, while both waited. */
function largestGap({ ticks, scenario }: LaneRun): number {
  const { guest = 1 } = scenario.weights.tenantWeights;
  let ahead = 0;
  let [most, least, gap] = [0, 0, 0];
  for (const { waiting, released } of ticks) {
    const gone = new Set(released.map(({ entry }) => entry.request_id));
    const left = waiting.map((heads) => heads.filter((it) => !gone.has(it.request_id)).length);
    if (left.some((count) => count === 0)) break;
    for (const { entry, charged } of released) ahead += entry.tenant === 'flood' ? charged : -charged / guest;
    most = Math.max(most, ahead);
    least = Math.min(least, ahead);
    gap = Math.max(gap, ahead - least, most - ahead);
  }
  return gap;
}

invariant<Scenario, Sabotage>(
  'tenants of a priority are served the same tokens for their weights, whatever waits',
  {
    generated: rivals,
    runs: 4,
    holds: (scenario, without) => {
      const run = new LaneRun(scenario, without).run();
      const ended = run.releases.filter(({ end }) => end === 'settled');
      expect(ended.length).toBeGreaterThan(50);
      // One each by turns, as much that went past while one did not fit, and one for each leader that took over.
      expect(largestGap(run)).toBeLessThanOrEqual((4 + scenario.successions.length) * largest(ended));
    },
    without: {
      'the account of what each was served': noAccount,
      'the difference between tenants': disguised(() => ({ tenant: 'anyone' })),
      'their weights': { told: (input) => ({ ...input, tenantWeights: {} }) },
    },
  },
);

const unequal: fc.Arbitrary<Scenario> = quick.map((it) => ({
  ...CALM,
  ...it,
  flows: [
    { priority: 3, tenant: 'long', waiting: ENDLESS, input: [100, 200], maxTokens: 1_000, answer: [0.7, 1] },
    { priority: 3, tenant: 'short', waiting: ENDLESS, input: [100, 200], maxTokens: 1_000, answer: [0, 0.2] },
  ],
}));

invariant<Scenario, Sabotage>('what answers cost more than expected is made good', {
  generated: unequal,
  runs: 3,
  holds: (scenario, without) => {
    const { releases } = new LaneRun(scenario, without).run();
    const got = charged(releases, ({ entry }) => entry.tenant);
    const [long = 0, short = 0] = [got.get('long'), got.get('short')];
    expect(long + short).toBeGreaterThan(TOKENS_PER_MINUTE);
    expect(Math.abs(long - short)).toBeLessThan(0.1 * (long + short));
  },
  without: {
    'the correction of shares': { engine: replaced(FairQueues, 'correct', () => () => undefined) },
  },
});

/** Each request of the guest comes so long after the one before it. */
const GUEST_EVERY_MS = 1_000;
const GUEST_WAITS_MS = 20_000;

const hanging: fc.Arbitrary<Scenario> = fc
  .record({ workers: fc.integer({ min: 12, max: 60 }), urgent: fc.boolean(), small: plain, quick })
  .map(({ workers, urgent, small, quick }) => {
    const priority = urgent ? 1 : 3;
    return {
      ...CALM,
      ...{ ...quick, workers, durationMs: 90_000, callMs: [500, 3_000] as const },
      limits: { tokens_per_minute: 1_000 * TOKENS_PER_MINUTE },
      flows: [
        { ...small, priority: 3, tenant: 'guest', waiting: 0, everyMs: GUEST_EVERY_MS },
        { ...small, priority, tenant: 'hangs', waiting: 0, everyMs: 100, fromMs: 5_000, hangs: true },
      ],
    };
  });

invariant<Scenario, Sabotage>('calls that are never answered leave workers for other tenants', {
  generated: hanging,
  runs: 3,
  holds: (scenario, without) => {
    const { releases, begin } = new LaneRun(scenario, without).run();
    const guest = releases.filter(({ entry }) => entry.tenant === 'guest');
    const waits = guest.map(({ at, entry }) => at - entry.accepted_at);
    expect(Math.max(...waits)).toBeLessThan(GUEST_WAITS_MS);
    const last = Math.max(...guest.map(({ entry }) => entry.accepted_at));
    expect(last).toBeGreaterThan(begin + scenario.durationMs - GUEST_WAITS_MS);
    // And the others have taken what they could.
    expect(releases.length - guest.length).toBeGreaterThan(scenario.workers / 2);
  },
  without: {
    'workers that are kept from those who hold many': {
      engine: replaced(Bundles, 'isKeptFrom', () => () => false),
    },
    'what workers tell of those who hold them': {
      told: (input) => ({
        ...input,
        reports: input.reports.map(({ slot, counters }) => ({
          slot,
          counters: Object.fromEntries(
            Object.entries(counters).filter(([name]) => !name.startsWith('held.')),
          ),
        })),
      }),
    },
    'who was there lately, which a successor learns': {
      plan: (memory) => JSON.stringify({ ...JSON.parse(memory), recent: [] }),
    },
  },
});
