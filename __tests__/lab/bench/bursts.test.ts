import { describe, expect, it } from 'vitest';
import { burstTimes } from '../../../src/lab/bench/bursts.ts';
import type { Observation, SeenRequest } from '../../../src/lab/simulation/observation.ts';
import type { SeenCall } from '../../../src/lab/simulation/virtual-bedrock.ts';

const LANE = { modelId: 'us.amazon.nova-pro-v1:0', limits: { requestsPerMinute: 120 } };
const NAME = 'amazon.nova-pro:geo';
const CALL_MS = 5_000;

/** A burst at 0 whose calls start at these times, after calls of others at those. */
function observe(starts: readonly number[], before: readonly number[] = [], reservation = 1): Observation {
  const request = (startedAt: number): SeenRequest => ({
    ...{ lane: NAME, priority: 3, tenant: 'a', acceptedAt: 0, calledMs: 0, burst: 0 },
    ...{ releasedAt: startedAt, startedAt, finishedAt: startedAt + CALL_MS, inputTokens: 1, charge: 1 },
  });
  const call = (startedAt: number): SeenCall => ({
    ...{ lane: NAME, foreign: false, end: 'settled', startedAt },
    ...{ reservation, charge: 1, durationMs: CALL_MS },
  });
  return {
    ...{ beganAt: 0, endedAt: 1_000_000, events: 0 },
    requests: starts.map(request),
    calls: [...before, ...starts].map(call),
    tally: { accepted: 0, sent: 0, duplicates: 0, violations: [] },
  };
}

const spread = (count: number, overMs: number) =>
  Array.from({ length: count }, (_, i) => (overMs * i) / count);

describe('a burst’s time', () => {
  it('is at least its slowest call where it fits into the minute', () => {
    expect(burstTimes(LANE, observe(spread(100, 50_000)))).toEqual([
      { tookMs: 49_500 + CALL_MS, leastMs: CALL_MS, slowestMs: CALL_MS, fits: true },
    ]);
  });

  it('is at least a minute for each further minute of the quota', () => {
    const [time] = burstTimes(LANE, observe(spread(300, 151_000)));
    expect(time?.leastMs).toBeCloseTo(120_000 + CALL_MS, 3);
    expect(time?.fits).toBe(false);
  });

  it('is at least what its reservations take, though its charges fit into the minute', () => {
    const lane = { ...LANE, limits: { tokensPerMinute: 4 } };
    const [time] = burstTimes(lane, observe(spread(40, 100_000), [], 1));
    // Four of them run at a time.
    expect(time?.leastMs).toBeGreaterThanOrEqual((40 / 4) * CALL_MS);
  });

  it('counts what was used of the minute before it came', () => {
    const before = spread(60, 0.001).map((at) => at - 30_000);
    const [time] = burstTimes(LANE, observe(spread(120, 80_000), before));
    // Sixty of them go at once, the others when the sixty before them have left the minute.
    expect(time?.leastMs).toBeCloseTo(30_000 + CALL_MS, 0);
  });
});
