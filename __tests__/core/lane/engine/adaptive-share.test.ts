import { describe, expect, it } from 'vitest';
import { slotOf } from '../../../../src/core/lane/call-report.ts';
import type { Limits } from '../../../../src/core/lane/catalog/limits.ts';
import { AdaptiveShare, type Feedback } from '../../../../src/core/lane/engine/adaptive-share.ts';

const LIMITS: Limits = { requests_per_minute: 1_000, tokens_per_minute: 100_000 };
const call = (releasedAt: number, throttled: number): Feedback => ({
  slot: slotOf(releasedAt),
  releasedAt,
  throttled,
});

/** A lane that was cut to about `share` at 0. */
function cutTo(share: number, limits = LIMITS): AdaptiveShare {
  const lane = new AdaptiveShare({ share, cutAt: -1, limits });
  lane.observe(0, share, [call(0, 1)]);
  return lane;
}

describe('throttles', () => {
  it('cut once per round of feedback: those released before the cut do not count again', () => {
    const lane = new AdaptiveShare();
    lane.observe(10_000, 0.9, [call(9_000, 3)]);
    const { share } = lane;
    expect(share).toBeLessThan(0.9);
    lane.observe(11_000, 0.9, [call(9_500, 5)]);
    expect(lane.share).toBe(share);
    lane.observe(12_000, 0.85, [call(10_500, 1)]);
    expect(lane.share).toBeLessThan(share);
  });

  it('cut gently: to a little less than what was in use', () => {
    const lane = new AdaptiveShare();
    lane.observe(10_000, 1, [call(9_000, 3)]);
    expect(lane.share).toBeGreaterThan(0.95);
  });

  it('of trials do not cut: they went out above the share', () => {
    const [tried, control] = [cutTo(0.6), cutTo(0.6)];
    tried.trials.spend(5_000, slotOf(5_000));
    const { share } = tried;
    for (const lane of [tried, control]) lane.observe(5_500, 0.6, [call(5_000, 1)]);
    expect(tried.share).toBe(share);
    expect(control.share).toBeLessThan(share);
  });

  it('while all is refused, follow what is in use down to where Bedrock admits again, and little below', () => {
    for (const admitted of [0.7, 0.5, 0.2]) {
      const lane = new AdaptiveShare();
      // The sliding minute was full and empties evenly, as nothing gets in.
      const usedAt = (now: number) => 1 - now / 60_000;
      for (let now = 0; now < 60_000 && usedAt(now) > admitted; now += 200) {
        const released = lane.share > usedAt(now) ? 1 : 0;
        lane.observe(now, usedAt(now), [call(now, released)]);
      }
      expect(lane.share).toBeLessThan(admitted * 1.05);
      expect(lane.share).toBeGreaterThan(admitted * 0.9);
    }
  });

  it('find what others use: the share settles where Bedrock refuses', () => {
    const lane = new AdaptiveShare();
    let throttles = 0;
    for (let now = 0; now < 300_000; now += 500) {
      // Others take 40 %: above 0.6 Bedrock refuses.
      const refused = lane.share > 0.6 ? 1 : 0;
      throttles += refused;
      lane.observe(now, Math.min(lane.share, 0.6), [call(now - 1, refused)]);
    }
    expect(lane.share).toBeGreaterThan(0.55);
    expect(lane.share).toBeLessThan(0.62);
    expect(throttles).toBeLessThan(30);
  });
});

describe('a lone refusal of a lane that uses all of its limits', () => {
  /** Calm follows for so long; returns the share then. */
  const afterCalm = (lane: AdaptiveShare, from: number, ms: number) => {
    for (let now = from; now <= from + ms; now += 500) lane.observe(now, lane.share, []);
    return lane.share;
  };

  it('cuts little and is soon forgotten', () => {
    const lane = new AdaptiveShare();
    lane.observe(200_000, 1, [call(199_000, 1)]);
    expect(lane.share).toBeCloseTo(0.99);
    expect(afterCalm(lane, 200_500, 20_000)).toBe(1);
  });

  it('is none when another follows', () => {
    const lane = new AdaptiveShare();
    lane.observe(200_000, 1, [call(199_000, 1)]);
    lane.observe(201_000, 0.99, [call(200_500, 1)]);
    expect(lane.share).toBeLessThan(0.97);
    expect(afterCalm(lane, 201_500, 20_000)).toBeLessThan(0.97);
  });

  it('is none when the last was a moment ago', () => {
    const lane = new AdaptiveShare();
    lane.observe(200_000, 1, [call(199_000, 1)]);
    afterCalm(lane, 200_500, 30_000);
    lane.observe(231_000, 1, [call(230_500, 1)]);
    expect(lane.share).toBeCloseTo(0.97);
  });
});

describe('calm', () => {
  it('gives the whole quota back within minutes, slowly at first', () => {
    const lane = cutTo(0.6);
    const { share } = lane;
    const shareAt = (until: number, from: number) => {
      for (let now = from; now <= until; now += 500) lane.observe(now, lane.share, []);
      return lane.share;
    };
    // A fixed minute that is too full would say so only now.
    expect(shareAt(45_000, 500)).toBe(share);
    expect(shareAt(75_000, 45_500)).toBeLessThan(share + 0.06);
    expect(shareAt(240_000, 75_500)).toBe(1);
  });

  it('begins anew with each refusal, also of a trial', () => {
    const [disturbed, calm] = [cutTo(0.6), cutTo(0.6)];
    disturbed.trials.spend(40_000, slotOf(40_000));
    for (const lane of [disturbed, calm]) {
      for (let now = 500; now <= 80_000; now += 500) {
        const refused = lane === disturbed && now === 40_500 ? [call(40_000, 1)] : [];
        lane.observe(now, lane.share, refused);
      }
    }
    expect(calm.share).toBeGreaterThan(disturbed.share);
    expect(disturbed.share).toBe(cutTo(0.6).share);
  });

  it('survives a change of leader', () => {
    const lane = new AdaptiveShare();
    lane.observe(500, 0.6, [call(400, 1)]);
    const successor = new AdaptiveShare(JSON.parse(JSON.stringify(lane.snapshot())));
    expect(successor.share).toBe(lane.share);
    successor.observe(1_000, 0.6, [call(450, 3)]);
    expect(successor.share).toBe(lane.share);
  });
});

describe('other limits', () => {
  const changed = (lane: AdaptiveShare, limits: Limits) => {
    lane.follow(limits);
    return lane.share;
  };

  it('lower ones: what was found to be usable stays usable', () => {
    const found = cutTo(0.5).share;
    expect(changed(cutTo(0.5), { ...LIMITS, tokens_per_minute: 80_000 })).toBeCloseTo(found / 0.8);
    expect(changed(cutTo(0.5), { ...LIMITS, requests_per_minute: 800 })).toBeCloseTo(found / 0.8);
    expect(changed(cutTo(0.5), { ...LIMITS, tokens_per_minute: 40_000 })).toBe(1);
    // Control: the same limits change nothing.
    expect(changed(cutTo(0.5), { ...LIMITS })).toBe(found);
  });

  it('higher ones: all of them are usable', () => {
    expect(changed(cutTo(0.5), { ...LIMITS, tokens_per_minute: 200_000 })).toBe(1);
  });

  it('a limit that becomes known says nothing', () => {
    const unknown = { requests_per_minute: 1_000 };
    expect(changed(cutTo(0.5, unknown), LIMITS)).toBe(cutTo(0.5).share);
  });

  it('are noticed by a successor', () => {
    const successor = new AdaptiveShare(JSON.parse(JSON.stringify(cutTo(0.5).snapshot())));
    expect(changed(successor, { requests_per_minute: 500, tokens_per_minute: 50_000 })).toBeCloseTo(0.97);
  });
});
