import { expect, it } from 'vitest';
import { PaceWatch } from '../../../src/core/prioritization/pace-watch.ts';

const SHOWN = { unfinished: 0, utilisation: 1, share: 1, busy_since: 0 };
const shownAt = (at: number) => ({ ...SHOWN, backlog: { at, arrived: 0, lines: [], rest: [] } });

it('a pace is told when work has waited for a whole minute, and a rest ends it', () => {
  const watch = new PaceWatch(undefined, 5_000);
  expect(watch.figures(5_000, true, 0.4)).toEqual({ busy_since: 5_000 });
  expect(watch.figures(64_999, true, 0.7)).toEqual({ busy_since: 5_000 });
  expect(watch.figures(65_000, true, 0.81234)).toEqual({ busy_since: 5_000, pace: 0.812 });
  expect(watch.figures(65_200, false, 0.8)).toEqual({});
  expect(watch.figures(70_000, true, 0.1)).toEqual({ busy_since: 70_000 });
});

it('a successor goes on from what was shown lately, and begins anew where nobody led', () => {
  expect(new PaceWatch(shownAt(299_000), 300_000).figures(300_000, true, 0.8).pace).toBe(0.8);
  expect(new PaceWatch(shownAt(200_000), 300_000).figures(300_000, true, 0)).toEqual({ busy_since: 300_000 });
});
