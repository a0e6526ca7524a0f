import { beforeAll, describe, expect, inject, it } from 'vitest';
import { type BurstFigures, type Bursts, smoothBursts } from '../../src/lab/run/bursts.ts';
import { ENFORCEMENTS } from '../../src/local/bedrock/accounting.ts';

/** A slice of `npm run bench:pipeline`: a backlog of somewhat more than a minute, so that the minute's end is seen. */
const BURSTS: Bursts = { rpm: 60, tpm: 8_000, requests: { rpm: 66, tpm: 46 } };

let figures: BurstFigures;

beforeAll(async () => {
  figures = await smoothBursts(BURSTS, inject('synthesis'));
}, 280_000);

it('bursts too large for their quotas all end once', () => {
  const { submitted, completed, lost, duplicate_results, permission_denials } = figures.summary;
  expect({ submitted, completed, lost, duplicate_results, permission_denials }).toEqual({
    submitted: 336,
    completed: 336,
    lost: 0,
    duplicate_results: 0,
    permission_denials: [],
  });
});

describe.each(ENFORCEMENTS)('enforced as %s', (enforcement) => {
  it.each(['rpm', 'tpm'] as const)('the %s that binds is used, without a throttled call', (bound) => {
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
  });
});
