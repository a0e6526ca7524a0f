import { describe, expect, it } from 'vitest';
import { quantile } from '../../../src/lab/quantiles.ts';
import { backlogOf, laneUse, sinceFirstCall, utilisationOf } from '../../../src/lab/run/utilisation.ts';
import type { LaneStats } from '../../../src/local/bedrock/stats.ts';

function lane(seconds: LaneStats['seconds']): LaneStats {
  const counts = { calls: 0, throttles: 0, tokens: 0 };
  return {
    lane: 'geo/x',
    models: ['us.x'],
    limits: { requestsPerMinute: 60, tokensPerMinute: 6_000 },
    running: 0,
    errors: {},
    inputTokens: 0,
    outputTokens: 0,
    utilisation: {},
    minutes: [],
    seconds,
    ...counts,
  };
}

describe('utilisation while there is a backlog', () => {
  it('joins waits that touch, and leaves out the time between', () => {
    const waits = [
      { from: 5_000, until: 6_000 },
      { from: 0, until: 2_000 },
      { from: 1_000, until: 3_000 },
      { from: 3_000, until: 3_500 },
    ];
    expect(backlogOf(waits)).toEqual([
      { from: 0, until: 3_500 },
      { from: 5_000, until: 6_000 },
    ]);
    expect(waits[1]).toEqual({ from: 0, until: 2_000 });
  });

  it('counts what Bedrock admitted in it, a second in part where it is covered in part', () => {
    const use = laneUse(
      lane([
        { second: 0, calls: 1, throttles: 0, tokens: 100 },
        { second: 1, calls: 2, throttles: 0, tokens: 40 },
        { second: 9, calls: 7, throttles: 0, tokens: 900 },
      ]),
      [{ from: 0, until: 1_500 }],
    );
    expect(use).toEqual({
      backlogSeconds: 1.5,
      calls: 2,
      tokens: 120,
      callsOffered: 1.5,
      tokensOffered: 150,
    });
    expect(utilisationOf([use])).toEqual({ rpm: 2 / 1.5, tpm: 0.8 });
  });

  it('begins with the first call: what was before is the start of the functions', () => {
    const backlog = [
      { from: 0, until: 1_000 },
      { from: 2_500, until: 6_000 },
      { from: 7_000, until: 8_000 },
    ];
    const called = lane([
      { second: 3, calls: 0, throttles: 1, tokens: 0 },
      { second: 4, calls: 1, throttles: 0, tokens: 10 },
    ]);
    expect(sinceFirstCall(called, backlog)).toEqual([
      { from: 4_000, until: 6_000 },
      { from: 7_000, until: 8_000 },
    ]);
    expect(sinceFirstCall(lane([]), backlog)).toEqual([]);
  });

  it('weighs lanes by what they offered', () => {
    const use = { backlogSeconds: 10, calls: 10, tokens: 0, callsOffered: 10, tokensOffered: 0 };
    const idle = { backlogSeconds: 30, calls: 0, tokens: 0, callsOffered: 30, tokensOffered: 0 };
    expect(utilisationOf([use, idle]).rpm).toBe(0.25);
    expect(utilisationOf([])).toEqual({ rpm: 0, tpm: 0 });
  });
});

describe('percentiles', () => {
  it('are values that occur', () => {
    const values = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect([0.5, 0.95, 0.99].map((share) => quantile(values, share))).toEqual([50, 95, 99]);
    expect(quantile([7], 0.99)).toBe(7);
  });
});
