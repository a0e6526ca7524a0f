import { beforeAll, expect, inject, it } from 'vitest';
import { type BurstFigures, type Bursts, smoothBursts } from '../../src/lab/run/bursts.ts';

/**
 * A slice of `npm run bench:pipeline`, which tries each limit under each enforcement: a backlog of somewhat more than a minute, so that
 * the minute's end is seen.
 */
const BURSTS: Bursts = {
  ...{ rpm: 60, tpm: 8_000, requests: { rpm: 66, tpm: 46 } },
  enforcements: { rpm: ['fixed-window'], tpm: ['sliding-window'] },
};
const LANES = (['rpm', 'tpm'] as const).flatMap((bound) =>
  BURSTS.enforcements[bound].map((enforcement) => ({ bound, enforcement })),
);
const REQUESTS = LANES.reduce((sum, { bound }) => sum + BURSTS.requests[bound], 0);

let figures: BurstFigures;

beforeAll(async () => {
  figures = await smoothBursts(BURSTS, inject('synthesis'));
}, 280_000);

it('bursts too large for their quotas all end once', () => {
  const { submitted, completed, lost, duplicate_results, permission_denials } = figures.summary;
  expect({ submitted, completed, lost, duplicate_results, permission_denials }).toEqual({
    submitted: REQUESTS,
    completed: REQUESTS,
    lost: 0,
    duplicate_results: 0,
    permission_denials: [],
  });
});

it.each(LANES)(
  'the $bound that binds is used, without a throttled call, where it is enforced as $enforcement',
  ({ bound, enforcement }) => {
    const lane = figures.lanes.find((it) => it.bound === bound && it.enforcement === enforcement);
    // The control: the quota is real.
    expect(lane?.straight.throttled).toBeGreaterThan(0);
    expect(lane?.throttled).toBe(0);
    expect(lane?.backlogSeconds).toBeGreaterThan(60);
    // Of what a machine allows on which some calls start later after their release than others.
    const attainable = 60 / (60 + figures.startSpreadSeconds);
    expect(
      lane?.used,
      `delays from release to start differed by ${figures.startSpreadSeconds.toFixed(1)} s`,
    ).toBeGreaterThanOrEqual(0.9 * attainable);
  },
);
