import { expect, it } from 'vitest';
import { defaultSettings } from '../../../src/lab/bench/bench.ts';
import { forkRandom } from '../../../src/lab/simulation/random.ts';
import { drawSizes, type Sizes, TARGETS, type Workload } from '../../../src/lab/simulation/workload.ts';
import { World } from '../../../src/lab/simulation/world.ts';
import type { Enforcement } from '../../../src/local/bedrock/accounting.ts';

const MINUTE_MS = 60_000;
const SEED = 1;
/** A tenth of max tokens, more or less: what a lane expects of itself before its first answers is far off. */
const CARELESS: Sizes = {
  inputMedian: 300,
  outputMedian: 60,
  spread: 1.8,
  outputMost: 4_096,
  maxTokens: 4_096,
};

/** More than two minutes' worth of requests at once, on a lane that nobody has ever used. */
function burst(modelId: string, tokensPerMinute: number, sizes: Sizes): Workload {
  const random = forkRandom(SEED, 'burst');
  return {
    name: 'cold-burst',
    about: '',
    lanes: [{ modelId, limits: { tokensPerMinute } }],
    durationMs: 2 * MINUTE_MS,
    latency: { firstTokenMs: 700, perTokenMs: 8 },
    targets: TARGETS,
    arrivals: Array.from({ length: 1_500 }, (_, i) => ({
      ...{ at: i % 500, modelId, priority: 3 as const, tenant: 'acme', ...drawSizes(sizes, random) },
    })).sort((a, b) => a.at - b.at),
  };
}

/** Settled use of the first minute from the first call on, and calls that Bedrock refused in the whole run. */
async function firstMinute(
  workload: Workload,
  enforcement: Enforcement,
): Promise<{ used: number; throttled: number }> {
  const { calls } = await new World(workload, defaultSettings(enforcement, SEED)).run();
  const begin = Math.min(...calls.map(({ startedAt }) => startedAt));
  const charged = calls
    .filter(({ startedAt }) => startedAt < begin + MINUTE_MS)
    .reduce((sum, { charge }) => sum + charge, 0);
  return {
    used: charged / (workload.lanes[0]?.limits.tokensPerMinute ?? 0),
    throttled: calls.filter(({ end }) => end === 'throttled').length,
  };
}

const NOVA = 'us.amazon.nova-pro-v1:0';

it('a burst on an unknown lane uses the quota from its first answers on', async () => {
  const workload = burst(NOVA, 100_000, CARELESS);
  const { used, throttled } = await firstMinute(workload, 'sliding-window');
  // About 84 % can be reached: what calls hold beyond their charge while they run is lost to all.
  expect(used).toBeGreaterThan(0.75);
  expect(throttled).toBe(0);
});

it.each<[Enforcement]>([['sliding-window'], ['token-bucket'], ['fixed-window']])(
  'what few answers say is not taken for more: debts of a burst cause no throttle (%s)',
  async (enforcement) => {
    const sizes = { inputMedian: 300, outputMedian: 800, spread: 1.6, outputMost: 1_000, maxTokens: 1_000 };
    const workload = burst('us.anthropic.claude-opus-5', 200_000, sizes);
    const { used, throttled } = await firstMinute(workload, enforcement);
    expect(used).toBeGreaterThan(0.9);
    expect(throttled).toBe(0);
  },
);
