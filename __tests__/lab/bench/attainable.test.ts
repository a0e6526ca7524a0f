import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  attainableShare,
  type KnownCall,
  shareOf,
  shortestMakespanMs,
} from '../../../src/lab/bench/attainable.ts';
import { constructSchedule } from '../../../src/lab/bench/known-schedule.ts';
import { OversizedCallError } from '../../../src/lab/simulation/errors.ts';
import { ENFORCEMENTS, Quota } from '../../../src/local/bedrock/accounting.ts';

const GRID_MS = 15_000;
const TOKENS_PER_MINUTE = 100;

const call = fc.record({
  reservation: fc.integer({ min: 1, max: TOKENS_PER_MINUTE }),
  charge: fc.integer({ min: 1, max: TOKENS_PER_MINUTE }),
  durationMs: fc.integer({ min: 1, max: 6 }).map((steps) => steps * GRID_MS),
});

const frugalCall = call.map((any) => ({ ...any, charge: Math.min(any.charge, any.reservation) }));

/** The sliding minute's use at `t`, straight from the definition. */
function use(t: number, calls: readonly KnownCall[], starts: readonly number[]): number {
  return calls.reduce((total, { reservation, charge, durationMs }, index) => {
    const start = starts[index] ?? 0;
    const end = start + durationMs;
    const within = (at: number) => at <= t && t < at + 60_000;
    const correction = t >= end ? Math.min(charge - reservation, 0) : 0;
    return (
      total +
      (within(start) ? reservation + (end < start + 60_000 ? correction : 0) : 0) +
      (within(end) ? Math.max(charge - reservation, 0) : 0)
    );
  }, 0);
}

function isSafe(calls: readonly KnownCall[], starts: readonly number[]): boolean {
  const instants = starts.flatMap((start, index) => [start, start + (calls[index]?.durationMs ?? 0)]);
  return instants.every((t) => use(t, calls, starts) <= TOKENS_PER_MINUTE);
}

/** The shortest safe makespan of all on the grid, by trying every start of every call. */
function bruteForceMakespanMs(calls: readonly KnownCall[], atMostMs: number): number {
  let best = atMostMs;
  const starts: number[] = [];
  const place = (index: number): void => {
    const makespan = Math.max(0, ...starts);
    if (makespan >= best) return;
    if (index === calls.length) {
      if (isSafe(calls, starts)) best = makespan;
      return;
    }
    for (let start = 0; start < best; start += GRID_MS) {
      starts[index] = start;
      place(index + 1);
    }
    starts.length = index;
  };
  place(0);
  return best;
}

describe('attainable share', () => {
  it.each([
    ['calls that end below their reservation', frugalCall, 4],
    ['calls that end above it too', call, 3],
  ])('encloses the optimum that brute force finds, for %s', (_name, arbitrary, maxLength) => {
    fc.assert(
      fc.property(fc.array(arbitrary, { minLength: 2, maxLength }), (calls) => {
        const limits = { tokensPerMinute: TOKENS_PER_MINUTE };
        const constructed = Math.max(...constructSchedule(calls, limits));
        const optimum = bruteForceMakespanMs(calls, constructed);
        expect(shortestMakespanMs(calls, limits)).toBeLessThanOrEqual(optimum);
        const shareIn = (makespanMs: number) => shareOf(calls, limits, makespanMs).tokens ?? 0;
        expect(shareIn(constructed)).toBeLessThanOrEqual(shareIn(optimum));
      }),
      { numRuns: 60 },
    );
  });

  it('has a brute force that finds better than the construction where there is better', () => {
    const inBadOrder = [40, 50, 50, 60].map((tokens) => ({
      reservation: tokens,
      charge: tokens,
      durationMs: GRID_MS,
    }));
    const limits = { tokensPerMinute: TOKENS_PER_MINUTE };
    expect(Math.max(...constructSchedule(inBadOrder, limits))).toBe(120_000);
    expect(bruteForceMakespanMs(inBadOrder, 120_000)).toBe(60_000);
    expect(isSafe(inBadOrder, [0, 0, 0, 0])).toBe(false);
  });

  it.each(ENFORCEMENTS)(
    'constructs a schedule that no %s refuses and that never overdraws it',
    (enforcement) => {
      fc.assert(
        fc.property(
          fc.array(call, { minLength: 1, maxLength: 40 }),
          fc.integer({ min: 1, max: 8 }),
          fc.nat({ max: 59_999 }),
          (calls, requestsPerMinute, phaseMs) => {
            const limits = { tokensPerMinute: TOKENS_PER_MINUTE, requestsPerMinute };
            const starts = constructSchedule(calls, limits);
            const quota = new Quota(limits, enforcement);
            const events = calls.flatMap(({ reservation, charge, durationMs }, index) => {
              const start = phaseMs + (starts[index] ?? 0);
              const running: { call?: Parameters<Quota['end']>[1] } = {};
              const begin = () => {
                const admission = quota.start(start, reservation);
                expect(admission.admitted).toBe(true);
                if (admission.admitted) running.call = admission.call;
              };
              const finish = () => running.call && quota.end(start + durationMs, running.call, charge);
              return [
                { at: start, turn: 2, happen: begin },
                // What is given back at an instant counts before what is taken at it.
                { at: start + durationMs, turn: charge > reservation ? 1 : 0, happen: finish },
              ];
            });
            events.sort((a, b) => a.at - b.at || a.turn - b.turn);
            for (const { at, happen } of events) {
              happen();
              expect(quota.availableTokens(at)).toBeGreaterThan(-1e-6);
            }
          },
        ),
        { numRuns: 100 },
      );
    },
  );

  it('gives the figure of arithmetic: answers of 400 out of 4,096 held for five seconds', () => {
    const calls = Array.from({ length: 2_000 }, () => ({
      reservation: 500 + 4_096,
      charge: 500 + 400,
      durationMs: 5_000,
    }));
    const longRun = 900 / ((4_596 * 5 + 900 * 55) / 60);
    const withReaction = 900 / ((4_596 * 5.4 + 900 * 54.6) / 60);
    const { lower, upper } = attainableShare(calls, { tokensPerMinute: 100_000 });
    expect(upper.tokens).toBeCloseTo(longRun, 3);
    expect(lower.tokens).toBeGreaterThan(withReaction * 0.95);
  });

  it('knows that two calls of more than half the limit never fit together', () => {
    const calls = Array.from({ length: 200 }, () => ({ reservation: 60, charge: 60, durationMs: 5_000 }));
    const limits = { tokensPerMinute: TOKENS_PER_MINUTE };
    expect(attainableShare(calls, limits).upper.tokens).toBeCloseTo(0.6, 6);
    // Small calls fill what is left beside a large one.
    const small = Array.from({ length: 800 }, () => ({ reservation: 10, charge: 10, durationMs: 5_000 }));
    expect(attainableShare([...calls, ...small], limits).upper.tokens).toBeCloseTo(1, 6);
  });

  it('is nearly reached by the schedule where calls are small, whatever they are like', () => {
    const small = fc.record({
      reservation: fc.integer({ min: 1, max: 10 }),
      charge: fc.integer({ min: 1, max: 10 }),
      durationMs: fc.integer({ min: 300, max: 180_000 }),
    });
    fc.assert(
      fc.property(fc.array(small, { minLength: 50, maxLength: 200 }), (calls) => {
        const { lower, upper } = attainableShare(calls, { tokensPerMinute: TOKENS_PER_MINUTE });
        expect(lower.tokens ?? 0).toBeLessThanOrEqual((upper.tokens ?? 0) + 1e-6);
        expect(lower.tokens ?? 0).toBeGreaterThan((upper.tokens ?? 0) * 0.93);
      }),
      { numRuns: 5 },
    );
  });

  it('rises when max tokens are the right size', () => {
    const shareAt = (maxTokens: number) =>
      attainableShare(
        Array.from({ length: 1_000 }, () => ({
          reservation: 500 + maxTokens,
          charge: 900,
          durationMs: 5_000,
        })),
        { tokensPerMinute: 100_000 },
      );
    expect(shareAt(450).lower.tokens).toBeGreaterThan((shareAt(4_096).upper.tokens ?? 1) * 1.3);
  });

  it('names the limit that binds when requests are counted too', () => {
    const calls = Array.from({ length: 600 }, () => ({ reservation: 20, charge: 10, durationMs: 1_000 }));
    const { lower, upper } = attainableShare(calls, { tokensPerMinute: 100_000, requestsPerMinute: 60 });
    expect(lower.requests).toBeCloseTo(1, 6);
    expect(upper.requests).toBeCloseTo(1, 6);
    expect(upper.tokens).toBeLessThan(0.01);
  });

  it('says which call can never run', () => {
    expect(() =>
      constructSchedule([{ reservation: 200, charge: 1, durationMs: 1 }], {
        tokensPerMinute: TOKENS_PER_MINUTE,
      }),
    ).toThrow(OversizedCallError);
  });
});
