import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ENFORCEMENTS, type Enforcement } from '../../src/bedrock-simulator/accounting.ts';
import { type Burst, type BurstFigures, smoothBurst } from '../../src/cli/bursts.ts';
import { type Synthesis, synthesise } from '../../src/cli/synthesis.ts';

/** A slice of `npm run bench:pipeline`: a backlog of somewhat more than a minute, so that the minute's end is seen. */
const BURST: Burst = { rpm: 60, tpm: 12_000, requests: { rpm: 66, tpm: 48 } };
/** A process that does not get to its work for so long can keep no pace. */
const LONGEST_PAUSE_SECONDS = 2;

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
      submitted: 114,
      completed: 114,
      lost: 0,
      duplicate_results: 0,
      permission_denials: [],
    });
  });

  it.each(['rpm', 'tpm'] as const)('use the %s that binds, without a throttled call', (bound) => {
    const { lanes, longestPauseSeconds } = figures();
    const lane = lanes.find((it) => it.bound === bound);
    // The control: the quota is real.
    expect(lane?.straight.throttled).toBeGreaterThan(0);
    expect(lane?.throttled).toBe(0);
    expect(lane?.backlogSeconds).toBeGreaterThan(60);
    expect(
      lane?.used,
      `this process paused for up to ${longestPauseSeconds.toFixed(1)} s: ${longestPauseSeconds > LONGEST_PAUSE_SECONDS ? 'the machine is too busy to tell' : 'the machine is not at fault'}`,
    ).toBeGreaterThanOrEqual(0.9);
  });
});
