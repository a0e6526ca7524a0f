import { describe, expect, it } from 'vitest';
import { Adaptation } from '../../src/lane/adaptation.ts';

const call = (releasedAt: number, throttled: number, admitted = 0) => ({ releasedAt, throttled, admitted });

describe('throttles', () => {
  it('cut once per round of feedback: those released before the cut do not count again', () => {
    const lane = new Adaptation();
    lane.observe(10_000, 0.9, [call(9_000, 3)]);
    const { share } = lane;
    expect(share).toBeLessThan(0.9);
    lane.observe(11_000, 0.9, [call(9_500, 5)]);
    expect(lane.share).toBe(share);
    lane.observe(12_000, 0.85, [call(10_500, 1)]);
    expect(lane.share).toBeLessThan(share);
  });

  it('cut gently: to a little less than what was in use', () => {
    const lane = new Adaptation();
    lane.observe(10_000, 1, [call(9_000, 3)]);
    expect(lane.share).toBeGreaterThan(0.95);
  });

  it('cut deeper while no call gets through, and gently again afterwards', () => {
    const deep = new Adaptation();
    for (let round = 1; round <= 4; round++) deep.observe(round * 1_000, 1, [call(round * 1_000 - 1, 2)]);
    expect(deep.share).toBeLessThan(0.7);
    const gentle = new Adaptation();
    for (let round = 1; round <= 4; round++)
      gentle.observe(round * 1_000, 1, [call(round * 1_000 - 1, 2, 5)]);
    expect(gentle.share).toBeGreaterThan(0.85);
  });

  it('find what others use: the share settles where Bedrock refuses', () => {
    const lane = new Adaptation();
    let throttles = 0;
    for (let now = 0; now < 300_000; now += 500) {
      // Others take 40 %: above 0.6 Bedrock refuses.
      const refused = lane.share > 0.6 ? 1 : 0;
      throttles += refused;
      lane.observe(now, Math.min(lane.share, 0.6), [call(now - 1, refused, 1 - refused)]);
    }
    expect(lane.share).toBeGreaterThan(0.55);
    expect(lane.share).toBeLessThan(0.62);
    expect(throttles).toBeLessThan(30);
  });
});

describe('calm', () => {
  it('gives the whole quota back within minutes', () => {
    const lane = new Adaptation();
    lane.observe(0, 0.6, [call(0, 0)]);
    lane.observe(500, 0.6, [call(400, 1)]);
    expect(lane.share).toBeLessThan(0.6);
    let now = 500;
    while (lane.share < 1 && now < 600_000) {
      now += 500;
      lane.observe(now, lane.share, []);
    }
    expect(now).toBeGreaterThan(60_000);
    expect(now).toBeLessThan(240_000);
  });

  it('survives a change of leader', () => {
    const lane = new Adaptation();
    lane.observe(500, 0.6, [call(400, 1)]);
    const successor = new Adaptation(JSON.parse(JSON.stringify(lane.memory())));
    expect(successor.share).toBe(lane.share);
    successor.observe(1_000, 0.6, [call(450, 3)]);
    expect(successor.share).toBe(lane.share);
  });
});
