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
    runs: 3,
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
  runs: 3,
  holds: (scenario, without) => {
    const { releases } = new LaneRun(scenario, without).run();
    expect(mostAtOnce(releases, ({ worker }) => worker)).toBeLessThanOrEqual(scenario.workers);
  },
  without: { 'the count of what is unfinished': uncounted },
});

invariant<Scenario, Sabotage>('no more requests are out than some minutes of the quota', {
  generated: narrow,
  runs: 3,
  holds: (scenario, without) => {
    const { releases } = new LaneRun(scenario, without).run();
    const { requests_per_minute = Number.POSITIVE_INFINITY } = scenario.limits;
    const most = Math.ceil(scenario.minutesToProcess * requests_per_minute);
    expect(mostAtOnce(releases, (it) => it)).toBeLessThanOrEqual(most);
  },
  without: { 'the count of what is unfinished': uncounted },
});

/** Much has waited for long; nothing is so large that it leaves a gap. */
const steady: fc.Arbitrary<Scenario> = surroundings.map((around) => ({
  ...CALM,
  ...around,
  durationMs: 420_000,
  tickMs: Math.min(around.tickMs, 500),
  callMs: [500, 5_000],
  startDelayMs: [50, 500],
  flows: [
    {
      priority: 3,
      tenant: 'acme',
      waiting: 2_400,
      waitedMs: 600_000,
      input: [100, 400],
      maxTokens: 200,
      answer: [1, 1],
    },
  ],
}));

/** What was released in the ten seconds from each release on. */
function inTenSeconds(releases: readonly Release[]): number[] {
  return releases.map(({ at }) => {
    const soon = releases.filter((it) => at <= it.at && it.at < at + 10_000);
    return soon.reduce((sum, { charge }) => sum + charge, 0);
  });
}

invariant<Scenario, Sabotage>('while much waits for long, releases go on without a pause', {
  generated: steady,
  runs: 2,
  holds: (scenario, without) => {
    const { releases, begin } = new LaneRun(scenario, without).run();
    const since = releases.filter(({ at }) => at >= begin + 330_000);
    const whole = since.filter(({ at }) => at < begin + scenario.durationMs - 10_000);
    const charges = inTenSeconds(since).slice(0, whole.length);
    expect(charges.length).toBeGreaterThan(100);
    // An even flow is a sixth of the minute.
    expect(Math.max(...charges)).toBeLessThan(TOKENS_PER_MINUTE / 2);
    expect(Math.min(...charges)).toBeGreaterThan(TOKENS_PER_MINUTE / 24);
  },
  without: { pacing: { engine: replaced(Pacing, 'allows', () => () => true) } },
});

const burst: fc.Arbitrary<Scenario> = fc
  .record({ waiting: fc.integer({ min: 20, max: 150 }), around: surroundings })
  .map(({ waiting, around }) => ({
    ...CALM,
    ...around,
    callMs: [500, 5_000],
    startDelayMs: [50, 1_000],
    flows: [{ priority: 3, tenant: 'acme', waiting, input: [100, 400], maxTokens: 200, answer: [1, 1] }],
  }));

/** As if work had waited for long. */
const hesitant: Sabotage = {
  engine: replaced(
    Pacing,
    'advance',
    (advance) =>
      function (this: Pacing, now) {
        const tokens = TOKENS_PER_MINUTE / 60_000;
        advance.call(this, now, { requests: 1, tokens, charges: tokens });
      },
  ),
};

invariant<Scenario, Sabotage>('a burst that fits into the minute waits for nothing', {
  generated: burst,
  runs: 3,
  holds: (scenario, without) => {
    const { releases, begin } = new LaneRun(scenario, without).run();
    expect(releases).toHaveLength(scenario.flows[0]?.waiting ?? 0);
    for (const { at } of releases) expect(at).toBeLessThan(begin + 8_000);
  },
  without: { 'leave to go at once': hesitant },
});
