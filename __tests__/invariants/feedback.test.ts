import fc from 'fast-check';
import { expect } from 'vitest';
import { AdaptiveShare } from '../../src/core/lane/engine/adaptive-share.ts';
import { Breaker } from '../../src/core/lane/engine/breaker.ts';
import { RetryBudget } from '../../src/core/lane/engine/retry-budget.ts';
import { invariant, replaced } from './invariant.ts';
import { LaneRun, type Sabotage } from './lane-run.ts';
import { CALM, type Flow, type Scenario, scaled, surroundings, TOKENS_PER_MINUTE } from './scenario.ts';

const BUSY: Flow = {
  priority: 3,
  tenant: 'acme',
  waiting: 1_500,
  input: [100, 600],
  maxTokens: 400,
  answer: [0, 1],
};

const quick = surroundings.map((it) => ({
  ...it,
  callMs: [500, 8_000] as const,
  startDelayMs: [50, 1_500] as const,
}));

/** Somebody else takes part of the quota for a while, or it shrinks, and nobody says so. */
const contested: fc.Arbitrary<Scenario> = fc
  .record({
    share: fc.double({ min: 0.3, max: 0.6, noNaN: true }),
    shrinks: fc.boolean(),
    at: fc.integer({ min: 10_000, max: 30_000 }),
    forMs: fc.integer({ min: 90_000, max: 120_000 }),
    // A bucket has a minute’s worth to spare first.
    enforcement: fc.constantFrom('sliding-window' as const, 'fixed-window' as const),
    quick,
  })
  .map(({ share, shrinks, at, forMs, enforcement, quick }) => ({
    ...CALM,
    ...quick,
    enforcement,
    tickMs: Math.max(400, quick.tickMs),
    durationMs: 400_000,
    flows: [BUSY],
    ...(shrinks
      ? {
          changes: [
            { at, limits: scaled(CALM.limits, 1 - share), announced: false },
            { at: at + forMs, limits: CALM.limits, announced: false },
          ],
        }
      : { foreign: { from: at, to: at + forMs, tokensPerMinute: share * TOKENS_PER_MINUTE } }),
  }));

invariant<Scenario, Sabotage>('a round of throttles cuts the rate once', {
  generated: contested,
  runs: 2,
  holds: (scenario, without) => {
    const { ticks, releases } = new LaneRun(scenario, without).run();
    const throttled = releases.filter(({ end }) => end === 'throttled');
    let cutAt = Number.NEGATIVE_INFINITY;
    let before = 1;
    for (const { at, share } of ticks) {
      if (share < before) {
        // Something was refused that went out after the last cut, and the leader knows.
        expect(throttled.some((it) => it.at > cutAt && it.reportedAt <= at)).toBe(true);
        cutAt = at;
      }
      before = share;
    }
  },
  without: {
    'the time of the last cut': {
      engine: replaced(
        AdaptiveShare,
        'observe',
        (observe) =>
          function (this: AdaptiveShare, now, used, calls) {
            observe.call(
              this,
              now,
              used,
              calls.map((call) => ({ ...call, releasedAt: now })),
            );
          },
      ),
    },
  },
});

invariant<Scenario, Sabotage>(
  'few calls are refused while others take the quota, and it is used again when they have gone',
  {
    generated: contested,
    runs: 3,
    holds: (scenario, without) => {
      const { ticks, releases } = new LaneRun(scenario, without).run();
      const throttled = releases.filter(({ end }) => end === 'throttled');
      const share = throttled.length / releases.length;
      expect(share).toBeLessThan(0.06);
      expect(ticks.at(-1)?.share).toBeGreaterThan(0.9);
    },
    without: {
      cuts: { engine: replaced(AdaptiveShare, 'limits', () => (limits) => limits) },
      recovery: {
        engine: replaced(
          AdaptiveShare,
          'observe',
          (observe) =>
            function (this: AdaptiveShare, now, used, calls) {
              if (calls.some(({ throttled }) => throttled > 0)) observe.call(this, now, used, calls);
            },
        ),
      },
    },
  },
);

/** A part of the calls fails, while there is always other work. */
const flaky: fc.Arbitrary<Scenario> = fc
  .record({ faults: fc.double({ min: 0.2, max: 0.35, noNaN: true }), quick })
  .map(({ faults, quick }) => ({
    ...CALM,
    ...quick,
    faults,
    durationMs: 100_000,
    limits: scaled(CALM.limits, 4),
    flows: [{ ...BUSY, waiting: 2_000 }],
  }));

invariant<Scenario, Sabotage>('retries never take over the quota', {
  generated: flaky,
  runs: 2,
  holds: (scenario, without) => {
    const { releases } = new LaneRun(scenario, without).run();
    const retries = releases.filter(({ entry }) => entry.failures > 0);
    const successes = releases.filter(({ end }) => end === 'settled');
    const seconds = scenario.durationMs / 1_000;
    expect(successes.length).toBeGreaterThan(20);
    // A tenth of what succeeds, beside a trickle and what each leader begins with.
    const leaders = 1 + scenario.successions.length;
    expect(retries.length).toBeLessThanOrEqual(0.1 * successes.length + 0.5 * seconds + 20 * leaders);
  },
  without: { 'the retry budget': { engine: replaced(RetryBudget, 'allows', () => () => true) } },
});

const broken: fc.Arbitrary<Scenario> = fc
  .record({
    from: fc.integer({ min: 10_000, max: 40_000 }),
    forMs: fc.integer({ min: 20_000, max: 60_000 }),
    quick,
  })
  .map(({ from, forMs, quick }) => ({
    ...CALM,
    ...quick,
    flows: [{ ...BUSY, waitedMs: 600_000 }],
    outage: { from, to: from + forMs },
  }));

invariant<Scenario, Sabotage>('an outage is met by single probes, and work goes on after it', {
  generated: broken,
  runs: 3,
  holds: (scenario, without) => {
    const { releases, begin } = new LaneRun(scenario, without).run();
    const { from, to } = scenario.outage;
    const during = releases.filter(({ at }) => begin + from + 10_000 <= at && at < begin + to);
    // Each leader begins with a probe, and goes on every three seconds at most.
    expect(during.length).toBeLessThan(2 + scenario.successions.length + (to - from - 10_000) / 3_000);
    const after = releases.filter(({ at }) => begin + to + 15_000 < at && at < begin + to + 35_000);
    expect(after.length).toBeGreaterThan(10);
  },
  without: {
    'the breaker': { engine: replaced(Breaker, 'observe', () => () => undefined) },
    probes: {
      engine: replaced(
        Breaker,
        'allows',
        (allows) =>
          function (this: Breaker, now) {
            const allowed = allows.call(this, now);
            return allowed === 'probe' ? 'none' : allowed;
          },
      ),
    },
  },
});
