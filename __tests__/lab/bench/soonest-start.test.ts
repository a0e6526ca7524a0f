import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type KnownCall, shortestMakespanMs } from '../../../src/lab/bench/attainable.ts';
import { constructSchedule } from '../../../src/lab/bench/known-schedule.ts';
import { soonestLastStartMs } from '../../../src/lab/bench/soonest-start.ts';

const LIMITS = { tokensPerMinute: 1_000 };

const lastStartOf = (calls: readonly KnownCall[]) => Math.max(...constructSchedule(calls, LIMITS));
const boundOf = (calls: readonly KnownCall[]) =>
  soonestLastStartMs(calls, [], LIMITS.tokensPerMinute, shortestMakespanMs(calls, LIMITS));

describe('how soon the last of many calls can start', () => {
  it('is never later than a schedule that is safe, whatever the calls', () => {
    const call = fc.record({
      reservation: fc.integer({ min: 1, max: 500 }),
      charge: fc.integer({ min: 1, max: 500 }),
      durationMs: fc.integer({ min: 1, max: 900 }).map((steps) => steps * 100),
    });
    fc.assert(
      fc.property(fc.array(call, { minLength: 1, maxLength: 60 }), (calls) => {
        expect(boundOf(calls)).toBeLessThanOrEqual(lastStartOf(calls) + 1e-6);
      }),
    );
  });

  it('is never later than a schedule behind what started before', () => {
    const call = fc.record({
      reservation: fc.integer({ min: 20, max: 200 }),
      part: fc.integer({ min: 1, max: 10 }),
      durationMs: fc.integer({ min: 1, max: 300 }).map((steps) => steps * 100),
    });
    fc.assert(
      fc.property(
        fc.array(call, { minLength: 10, maxLength: 80 }),
        fc.integer({ min: 1, max: 90_000 }),
        (parts, at) => {
          const calls = parts.map(({ part, ...rest }) => ({ ...rest, charge: rest.reservation / part }));
          const starts = constructSchedule(calls, LIMITS);
          const both = calls.map((call, index) => ({ ...call, startMs: (starts[index] ?? 0) - at }));
          const before = both.filter(({ startMs }) => startMs < 0);
          const after = both.filter(({ startMs }) => startMs >= 0);
          if (after.length === 0) return;
          const last = Math.max(...after.map(({ startMs }) => startMs));
          expect(soonestLastStartMs(after, before, LIMITS.tokensPerMinute, 0)).toBeLessThanOrEqual(
            last + 1e-6,
          );
        },
      ),
    );
  });

  it.each([
    { reservation: 50, charge: 5, durationMs: 1_000, count: 180 },
    { reservation: 50, charge: 5, durationMs: 5_000, count: 150 },
    { reservation: 20, charge: 10, durationMs: 10_000, count: 95 },
    { reservation: 50, charge: 2, durationMs: 2_000, count: 300 },
  ])('is near what calls that are alike need: $count of $charge that reserve $reservation', (kind) => {
    const calls = Array.from({ length: kind.count }, () => kind);
    // Later than the bound that weighs all moments alike, and not much sooner than a schedule.
    expect(boundOf(calls)).toBeGreaterThan(0.8 * lastStartOf(calls) - kind.durationMs);
    expect(boundOf(calls)).toBeGreaterThan(shortestMakespanMs(calls, LIMITS) + 1_000);
  });
});
