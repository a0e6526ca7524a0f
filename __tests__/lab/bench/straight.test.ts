import { describe, expect, it } from 'vitest';
import { sendStraight } from '../../../src/lab/bench/straight.ts';
import { type Arrival, TARGETS, type Workload } from '../../../src/lab/simulation/workload.ts';

const MODEL = 'us.amazon.nova-lite-v1:0';
const RUN = { enforcement: 'sliding-window', seed: 1 } as const;

const arrival = (at: number): Arrival => ({
  ...{ at, modelId: MODEL, priority: 3, tenant: 'acme' },
  ...{ inputTokens: 60, outputTokens: 20, maxTokens: 40 },
});

/** Requests at these times, for a lane with room for one of them in a minute. */
function workloadOf(...times: number[]): Workload {
  return {
    ...{ name: 'two', about: '', durationMs: 180_000, targets: TARGETS },
    lanes: [{ modelId: MODEL, limits: { tokensPerMinute: 120 } }],
    latency: { firstTokenMs: 500, perTokenMs: 10 },
    arrivals: times.map(arrival),
  };
}

describe('without a smoother', () => {
  it('what Bedrock has room for is answered at once', async () => {
    const requests = await sendStraight(workloadOf(0, 90_000), RUN);
    expect(requests).toHaveLength(2);
    for (const { startedAt = 0, arrivedAt, refusedAt, charge } of requests) {
      expect(startedAt - arrivedAt).toBeLessThan(1_000);
      expect(refusedAt).toEqual([]);
      expect(charge).toBe(80);
    }
  });

  it('what it has no room for is refused three times, and gets no answer', async () => {
    const [first, second] = await sendStraight(workloadOf(0, 5_000), RUN);
    expect(first?.startedAt).toBeDefined();
    expect(second?.startedAt).toBeUndefined();
    expect(second?.refusedAt).toHaveLength(3);
  });
});
