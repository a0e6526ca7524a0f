import { expect, it } from 'vitest';
import { PaceWatch } from '../../../src/core/prioritization/pace-watch.ts';

/** Ticks of a second each, at this pace. */
function run(watch: PaceWatch, from: number, seconds: number, pace: number, waits = true): number {
  for (let second = 0; second < seconds; second++) watch.note(from + second * 1_000, pace / 60, waits);
  return from + seconds * 1_000;
}

it('a pace is that of the time after the first minute, in which a rested account gives more', () => {
  const watch = new PaceWatch();
  let now = run(watch, 0, 60, 2);
  expect(watch.figures.pace).toBeUndefined();
  now = run(watch, now, 30, 0.8);
  expect(watch.figures.pace).toBeCloseTo(0.8, 1);
  expect(watch.figures.busy_since).toBe(0);
});

it('a successor goes on from it, and a rest ends it', () => {
  const watch = new PaceWatch({ busy_since: 0, pace: 0.8 });
  const now = run(watch, 200_000, 5, 0.8);
  expect(watch.figures).toEqual({ busy_since: 0, pace: 0.8 });
  run(watch, now, 1, 0.1, false);
  expect(watch.figures).toEqual({});
});
