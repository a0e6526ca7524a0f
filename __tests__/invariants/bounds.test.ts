/** Bounds that hold at every moment: time, workers, depth, pace. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { Ledger } from '../../src/core/lane/engine/ledger.ts';
import { Pacing } from '../../src/core/lane/engine/pacing.ts';
import { invariant, replaced } from './invariant.ts';
import { LaneRun, type Release, type Sabotage } from './lane-run.ts';
import { CALM, flows, limits, range, type Scenario, surroundings, TOKENS_PER_MINUTE } from './scenario.ts';

const uncounted: Sabotage = {
  engine: replaced(Ledger, 'unfinished', () => () => ({ releases: 0, bundles: 0 })),
};

const impatient: fc.Arbitrary<Scenario> = fc
  .record({ flows, patienceMs: range(100, 120_000), around: surroundings })
  .map(({ flows, patienceMs, around }) => ({
    ...CALM,
    ...around,
    flows: flows.map((flow) => ({ ...flow, patienceMs })),
  }));

invariant<Scenario, Sabotage>(
  'what is past its deadline is not released, and ends at the next tick that sees it',
  {
    generated: impatient,
    runs: 5,
    holds: (scenario, without) => {
      for (const { at, waiting, released, expired } of new LaneRun(scenario, without).run().ticks) {
        const late = waiting.flat().filter(({ deadline_at }) => deadline_at <= at);
        expect(new Set(expired.map(({ request_id }) => request_id))).toEqual(
          new Set(late.map(({ request_id }) => request_id)),
        );
        for (const { entry } of released) expect(entry.deadline_at).toBeGreaterThan(at);
      }
    },
    without: {
      'the deadline': {
        told: (input) => ({
          ...input,
          queues: input.queues.map((queue) =>
            queue.map((it) => ({ ...it, deadline_at: Number.MAX_SAFE_INTEGER })),
          ),
        }),
      },
    },
  },
);

const narrow: fc.Arbitrary<Scenario> = fc
  .record({
    limits,
    flows,
    workers: fc.integer({ min: 1, max: 5 }),
    minutesToProcess: fc.double({ min: 0.05, max: 1, noNaN: true }),
    faults: fc.constantFrom(0, 0.2),
    around: surroundings,
  })
  .map(({ around, ...it }) => ({ ...CALM, ...it, ...around }));

/** The most that was under way at once, of what `keyOf` counts as one. */
function mostAtOnce(releases: readonly Release[], keyOf: (release: Release) => unknown): number {
  const spans = new Map<unknown, { from: number; to: number }>();
  for (const release of releases) {
    const { at, endedAt = Number.POSITIVE_INFINITY } = release;
    const { from = at, to = at } = spans.get(keyOf(release)) ?? {};
    spans.set(keyOf(release), { from: Math.min(from, at), to: Math.max(to, endedAt) });
  }
  const all = [...spans.values()];
  return Math.max(0, ...all.map(({ from }) => all.filter((it) => it.from <= from && from < it.to).length));
}

invariant<Scenario, Sabotage>('no more bundles are out than workers can take', {
  generated: narrow,
  runs: 5,
  holds: (scenario, without) => {
    const { releases } = new LaneRun(scenario, without).run();
    expect(mostAtOnce(releases, ({ worker }) => worker)).toBeLessThanOrEqual(scenario.workers);
  },
  without: { 'the count of what is unfinished': uncounted },
});

invariant<Scenario, Sabotage>('no more requests are out than some minutes of the quota', {
  generated: narrow,
  runs: 5,
  holds: (scenario, without) => {
    const { releases } = new LaneRun(scenario, without).run();
    const { requests_per_minute = Number.POSITIVE_INFINITY } = scenario.limits;
    const most = Math.ceil(scenario.minutesToProcess * requests_per_minute);
    expect(mostAtOnce(releases, (it) => it)).toBeLessThanOrEqual(most);
  },
  without: { 'the count of what is unfinished': uncounted },
});

const steady: fc.Arbitrary<Scenario> = surroundings.map((around) => ({
  ...CALM,
  ...around,
  callMs: [500, 5_000],
  startDelayMs: [50, 1_000],
  flows: [{ priority: 3, tenant: 'acme', waiting: 1_500, input: [100, 400], maxTokens: 200, answer: [1, 1] }],
}));

invariant<Scenario, Sabotage>('releases are spread over the minute', {
  generated: steady,
  runs: 5,
  holds: (scenario, without) => {
    const { releases } = new LaneRun(scenario, without).run();
    let most = 0;
    for (const { at } of releases) {
      const soon = releases.filter((it) => at <= it.at && it.at < at + 10_000);
      most = Math.max(
        most,
        soon.reduce((sum, { charge }) => sum + charge, 0),
      );
    }
    expect(most).toBeLessThan(TOKENS_PER_MINUTE / 3);
  },
  without: { pacing: { engine: replaced(Pacing, 'allows', () => () => true) } },
});
