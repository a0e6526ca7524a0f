import { describe, expect, it } from 'vitest';
import { mayBeAhead, Pacing, spareWithin } from '../../../../src/core/lane/engine/pacing.ts';

/** Two requests a second. */
const RATE = { requests: 0.002, tokens: Number.POSITIVE_INFINITY, charges: Number.POSITIVE_INFINITY };

/** All that the pace allows; returns how many. */
function releaseAll(pacing: Pacing): number {
  let released = 0;
  for (; pacing.allows(); released++) pacing.spend({ requests: 1, tokens: 0, charges: 0 });
  return released;
}

/** Releases all that the pace allows, and again after so long; returns how many the second time. */
function releasedAfter(ms: number, waitsForWorker: boolean): number {
  const pacing = new Pacing();
  const release = (now: number) => {
    pacing.advance(now, RATE);
    const released = releaseAll(pacing);
    if (waitsForWorker) pacing.waitForWorker(now, released);
    return released;
  };
  release(0);
  return release(ms);
}

describe('what could not be used', () => {
  it('is made up for within a second', () => {
    expect(releasedAfter(400, false)).toBe(1);
    expect(releasedAfter(5_000, false)).toBeLessThanOrEqual(2);
  });

  it('because no worker was free is made up for in full, up to ten seconds of it', () => {
    expect(releasedAfter(5_000, true)).toBeGreaterThanOrEqual(10);
    expect(releasedAfter(300_000, true)).toBeLessThanOrEqual(22);
  });
});

describe('what need not be kept for later', () => {
  const headroom = (left: number, expectsUrgent: boolean) => ({
    evenFlow: RATE,
    expectsUrgent,
    spareOf: (flow: typeof RATE, ms: number) => ({
      requests: left - flow.requests * ms,
      tokens: Number.POSITIVE_INFINITY,
      charges: Number.POSITIVE_INFINITY,
    }),
  });
  /** Of nothing that the pace allows, half a second after the last round. */
  const released = (left: number, expectsUrgent: boolean) => {
    const pacing = new Pacing();
    const nothing = { ...RATE, requests: 0 };
    pacing.advance(0, nothing);
    pacing.advance(500, nothing, spareWithin(10_000, headroom(left, expectsUrgent)));
    return releaseAll(pacing);
  };

  it('goes at twice an even flow', () => {
    expect(released(19, false)).toBe(2);
    expect(released(100, false)).toBe(2);
  });

  it('is what most of an even flow leaves until then', () => {
    expect(released(13, false)).toBe(0);
    expect(released(15, false)).toBe(1);
  });

  it('is what all of an even flow leaves where urgent work comes', () => {
    expect(released(19, true)).toBe(0);
    expect(released(21, true)).toBe(1);
  });
});

it('only where a minute holds a few calls may the flow be one ahead of what is free', () => {
  const call = { requests: 1, tokens: 1_000 };
  expect(mayBeAhead(call, { requests_per_minute: 8 })).toEqual(call);
  expect(mayBeAhead(call, { tokens_per_minute: 20_000 })).toEqual(call);
  expect(mayBeAhead(call, { requests_per_minute: 600 })).toEqual({ requests: 0, tokens: 0 });
});
