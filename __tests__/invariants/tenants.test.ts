import fc from 'fast-check';
import { expect } from 'vitest';
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
