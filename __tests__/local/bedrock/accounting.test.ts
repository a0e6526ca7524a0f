import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chargeOf, ENFORCEMENTS, Quota, reservationOf } from '../../../src/local/bedrock/accounting.ts';

const MINUTE = 60_000;
/** A full minute of the clock, so that fixed windows start here. */
const T0 = 1_700_000_040_000;

function admit(quota: Quota, now: number, tokens: number) {
  const admission = quota.start(now, tokens);
  if (!admission.admitted) throw new Error(`refused for ${admission.exceeded}`);
  return admission.call;
}

describe('what a call costs', () => {
  const input = { input: 1_000, cacheRead: 250, cacheWrite: 0 };

  it('holds all input and max tokens at the start, without burndown', () => {
    expect(reservationOf(input, 4_000)).toBe(5_250);
  });

  it('charges input, cache writes and burnt-down output at the end; cache reads are free', () => {
    expect(chargeOf({ ...input, output: 1_600 }, 5)).toBe(9_000);
    expect(chargeOf({ input: 10, cacheRead: 500, cacheWrite: 7, output: 3 }, 1)).toBe(20);
  });
});

describe.each(ENFORCEMENTS)('%s', (enforcement) => {
  it("follows AWS's worked example: 5,250 at the start, 9,000 at the end", () => {
    const quota = new Quota({ tokensPerMinute: 20_000 }, enforcement);
    const call = admit(quota, T0, 5_250);
    expect(quota.availableTokens(T0)).toBe(14_750);
    quota.end(T0, call, 9_000);
    expect(quota.availableTokens(T0)).toBe(11_000);
  });

  it('gives back what a call did not use', () => {
    const quota = new Quota({ tokensPerMinute: 10_000 }, enforcement);
    const call = admit(quota, T0, 8_000);
    expect(quota.start(T0, 3_000)).toEqual({ admitted: false, exceeded: 'tokens' });
    quota.end(T0, call, 500);
    expect(quota.availableTokens(T0)).toBe(9_500);
  });

  it('goes into debt when a call used more than it held, and refuses until that has passed', () => {
    const quota = new Quota({ tokensPerMinute: 10_000 }, enforcement);
    quota.end(T0, admit(quota, T0, 6_000), 18_000);
    expect(quota.availableTokens(T0)).toBe(-8_000);
    expect(quota.start(T0, 1).admitted).toBe(false);
    expect(quota.start(T0 + MINUTE, 1_000).admitted).toBe(true);
  });

  it('refuses a call for requests without deducting its tokens, and the other way round', () => {
    const quota = new Quota({ requestsPerMinute: 2, tokensPerMinute: 1_000 }, enforcement);
    expect(quota.start(T0, 1_001)).toEqual({ admitted: false, exceeded: 'tokens' });
    admit(quota, T0, 100);
    admit(quota, T0, 100);
    expect(quota.start(T0, 100)).toEqual({ admitted: false, exceeded: 'requests' });
    expect(quota.availableTokens(T0)).toBe(800);
  });

  it('enforces nothing without limits', () => {
    const quota = new Quota({}, enforcement);
    for (let call = 0; call < 1_000; call++) expect(quota.start(T0, 1e9).admitted).toBe(true);
  });

  it('never admits, in one of its own minutes, reservations of more than the limit', () => {
    const traffic = fc.array(fc.record({ gap: fc.nat(5_000), tokens: fc.integer({ min: 1, max: 600 }) }), {
      minLength: 50,
      maxLength: 200,
    });
    fc.assert(
      fc.property(traffic, (calls) => {
        const limit = 1_000;
        const quota = new Quota({ tokensPerMinute: limit }, enforcement);
        const admitted: { at: number; tokens: number }[] = [];
        let now = T0;
        for (const { gap, tokens } of calls) {
          now += gap;
          if (quota.start(now, tokens).admitted) admitted.push({ at: now, tokens });
        }
        expect(admitted.length).toBeGreaterThan(0);
        for (const { at } of admitted) {
          const from = enforcement === 'fixed-window' ? at - (at % MINUTE) : at;
          const sum = admitted
            .filter((other) => other.at >= from && other.at < from + MINUTE)
            .reduce((total, { tokens }) => total + tokens, 0);
          // A bucket that was full may give its content and a minute's refill.
          expect(sum).toBeLessThanOrEqual(enforcement === 'token-bucket' ? 2 * limit : limit);
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe('where the three differ', () => {
  const usedUp = (enforcement: (typeof ENFORCEMENTS)[number], at: number) => {
    const quota = new Quota({ tokensPerMinute: 6_000 }, enforcement);
    admit(quota, at, 6_000);
    return quota;
  };

  it('a bucket refills evenly', () => {
    const quota = usedUp('token-bucket', T0 + 50_000);
    expect(quota.availableTokens(T0 + 60_000)).toBeCloseTo(1_000);
    expect(quota.availableTokens(T0 + 300_000)).toBe(6_000);
  });

  it('a sliding minute forgets a call after sixty seconds', () => {
    const quota = usedUp('sliding-window', T0 + 50_000);
    expect(quota.availableTokens(T0 + 109_999)).toBe(0);
    expect(quota.availableTokens(T0 + 110_000)).toBe(6_000);
  });

  it('a fixed minute forgets a call when the minute is over', () => {
    const quota = usedUp('fixed-window', T0 + 50_000);
    expect(quota.availableTokens(T0 + 59_999)).toBe(0);
    expect(quota.availableTokens(T0 + 60_000)).toBe(6_000);
  });

  it.each(['sliding-window', 'fixed-window'] as const)(
    'nothing is given back for a call the %s has forgotten',
    (kind) => {
      const quota = new Quota({ tokensPerMinute: 6_000 }, kind);
      const call = admit(quota, T0, 5_000);
      quota.end(T0 + MINUTE, call, 100);
      expect(quota.availableTokens(T0 + MINUTE)).toBe(6_000);
    },
  );
});
