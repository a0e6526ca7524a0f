import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ENFORCEMENTS, type Enforcement } from '../../src/bedrock-simulator/accounting.ts';
import { type Burst, type BurstFigures, smoothBurst } from '../../src/cli/bursts.ts';
import { type Synthesis, synthesise } from '../../src/cli/synthesis.ts';

/** A slice of `npm run bench:pipeline`: a backlog of somewhat more than a minute, so that the minute's end is seen. */
const BURST: Burst = { rpm: 60, tpm: 8_000, requests: { rpm: 66, tpm: 46 } };

let synthesis: Synthesis;
let runs: Map<Enforcement, BurstFigures>;

beforeAll(async () => {
  synthesis = await synthesise(path.resolve(import.meta.dirname, '../..'));
  const figures = await Promise.all(
    ENFORCEMENTS.map(
      async (enforcement) => [enforcement, await smoothBurst(BURST, enforcement, synthesis)] as const,
    ),
  );
  runs = new Map(figures);
}, 280_000);
afterAll(() => synthesis?.remove());

describe.each(ENFORCEMENTS)('bursts too large for their quota, enforced as %s', (enforcement) => {
  const figures = () => runs.get(enforcement) as BurstFigures;

  it('all end once', () => {
    const { submitted, completed, lost, duplicate_results, permission_denials } = figures().summary;
    expect({ submitted, completed, lost, duplicate_results, permission_denials }).toEqual({
      submitted: 112,
      completed: 112,
      lost: 0,
      duplicate_results: 0,
      permission_denials: [],
    });
  });

  it.each(['rpm', 'tpm'] as const)('use the %s that binds, without a throttled call', (bound) => {
    const { lanes, startSpreadSeconds } = figures();
    const lane = lanes.find((it) => it.bound === bound);
    // The control: the quota is real.
    expect(lane?.straight.throttled).toBeGreaterThan(0);
    expect(lane?.throttled).toBe(0);
    expect(lane?.backlogSeconds).toBeGreaterThan(60);
    // Of what a machine allows on which some calls start later after their release than others.
    const attainable = 60 / (60 + startSpreadSeconds);
    expect(
      lane?.used,
      `delays from release to start differed by ${startSpreadSeconds.toFixed(1)} s`,
    ).toBeGreaterThanOrEqual(0.9 * attainable);
  });
});
