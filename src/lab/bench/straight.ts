/**
 * The control: the same traffic without a smoother. Every producer calls Bedrock as soon as it has something to ask, and
 * tries again as the AWS SDK does by default.
 */

import { laneOf } from '../../core/lane/catalog/catalog.ts';
import type { Priority } from '../../core/request/record.ts';
import type { Enforcement } from '../../local/bedrock/accounting.ts';
import { seededDelays } from '../simulation/delays.ts';
import { forkRandom } from '../simulation/random.ts';
import { truthOf } from '../simulation/requests.ts';
import { VirtualBedrock } from '../simulation/virtual-bedrock.ts';
import { VirtualClock } from '../simulation/virtual-clock.ts';
import type { Arrival, Workload } from '../simulation/workload.ts';
import { BEGIN_MS } from '../simulation/world.ts';

/** The default retry strategy of the AWS SDK for JavaScript (2026): three attempts, full jitter from a second on. */
const ATTEMPTS = 3;
const FIRST_BACKOFF_MS = 1_000;
const LONGEST_BACKOFF_MS = 20_000;

/** What became of a request, in milliseconds of the virtual clock. */
export interface StraightRequest {
  priority: Priority;
  arrivedAt: number;
  /** Absent: no attempt was admitted. */
  startedAt?: number;
  /** When Bedrock refused an attempt. */
  refusedAt: number[];
  /** What Bedrock charged, or would have charged. */
  charge: number;
}

export async function sendStraight(
  workload: Workload,
  { enforcement, seed }: { enforcement: Enforcement; seed: number },
): Promise<StraightRequest[]> {
  const clock = new VirtualClock(BEGIN_MS);
  const bedrock = new VirtualBedrock({
    ...{ clock, enforcement, latency: workload.latency },
    random: forkRandom(seed, 'bedrock'),
    limits: Object.fromEntries(workload.lanes.map(({ modelId, limits }) => [laneOf(modelId), limits])),
    network: seededDelays(seed).bedrockNetwork,
    truthOf: () => {
      throw new Error('Clients without a smoother have no payloads');
    },
  });
  const jitter = forkRandom(seed, 'jitter');
  const requests: StraightRequest[] = [];
  const send = async (arrival: Arrival, request: StraightRequest) => {
    const truth = truthOf(arrival);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const call = await bedrock.callByOthers(truth, arrival.maxTokens ?? arrival.outputTokens);
      if (call.end !== 'throttled') {
        request.startedAt = call.startedAt;
        return;
      }
      request.refusedAt.push(call.startedAt);
      await clock.sleep(jitter() * Math.min(FIRST_BACKOFF_MS * 2 ** attempt, LONGEST_BACKOFF_MS));
    }
  };
  for (const arrival of workload.arrivals) {
    const { inputTokens, outputTokens, burndown } = truthOf(arrival);
    const arrivedAt = BEGIN_MS + arrival.at;
    const charge = inputTokens + outputTokens * burndown;
    const request = { priority: arrival.priority, arrivedAt, refusedAt: [], charge };
    requests.push(request);
    clock.at(arrivedAt, () => clock.spawn(() => send(arrival, request)));
  }
  await clock.run(BEGIN_MS + workload.durationMs);
  return requests;
}
