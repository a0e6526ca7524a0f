/**
 * What a call through the smoother takes beyond the call itself when nothing waits: from sending the message until a client
 * that reads records has the result, on the virtual clock with AWS's delays.
 */
import { Durations, FIRST_LOOK_MS, nextLookMs } from '../../client/pacing.ts';
import type { StoredRecord } from '../../core/request/record.ts';
import { leaseMs } from '../../core/request/times.ts';
import type { SeenRequest } from '../simulation/observation.ts';
import { forkRandom } from '../simulation/random.ts';
import { type Arrival, TARGETS } from '../simulation/workload.ts';
import { BEGIN_MS, World } from '../simulation/world.ts';
import { defaultOf } from './bench.ts';

const MODEL = 'us.amazon.nova-pro-v1:0';
const CALL = {
  modelId: MODEL,
  priority: 3,
  tenant: 'client',
  inputTokens: 500,
  outputTokens: 150,
  maxTokens: 200,
} as const;
const LIMITS = { requestsPerMinute: 500, tokensPerMinute: 2_000_000 };
const BUNDLE_MS = 300_000;
/** A write of the table, or a read. */
const TABLE_CALL_MS = 5;
const REST_MS = 60_000;

export interface Overhead {
  requests: number;
  /** Milliseconds, all but the call itself: the half, and nineteen of twenty, take no longer. */
  p50: number;
  p95: number;
  /** Reads of the record for each request. */
  looks: number;
}

/** Single requests, about `gapMs` apart. */
export async function measureOverhead(gapMs: number, requests: number, seed = 1): Promise<Overhead> {
  const random = forkRandom(seed, 'overhead');
  const arrivals = Array.from(
    { length: requests },
    (_, index): Arrival => ({ ...CALL, at: (index + random()) * gapMs }),
  );
  const world = new World(
    {
      name: 'single requests',
      about: 'nothing waits',
      lanes: [{ modelId: MODEL, limits: LIMITS }],
      durationMs: requests * gapMs + REST_MS,
      arrivals,
      latency: { firstTokenMs: 400, perTokenMs: 8 },
      targets: TARGETS,
    },
    {
      enforcement: 'sliding-window',
      seed,
      prioritization: {
        engine: {
          averageRequestMs: 5_000,
          minutesToProcess: 5,
          leaseMs: leaseMs(BUNDLE_MS),
        },
        workers: 30,
        queueDepthThreshold: 100,
        metricsNamespace: 'overhead',
      },
      bundleMs: BUNDLE_MS,
      memoryMegabytes: defaultOf('invocation_memory_megabytes'),
    },
  );
  const { requests: seen } = await world.run();
  const durations = new Durations();
  const overheads: number[] = [];
  let looks = 0;
  for (const [index, request] of seen.entries()) {
    const { foundAt, looks: mine } = find(request, BEGIN_MS + (arrivals[index]?.at ?? 0), durations);
    looks += mine;
    overheads.push(foundAt);
  }
  overheads.sort((a, b) => a - b);
  const at = (share: number) =>
    overheads[Math.ceil(share * overheads.length) - 1] ?? Number.POSITIVE_INFINITY;
  return { requests: overheads.length, p50: at(0.5), p95: at(0.95), looks: looks / overheads.length };
}

/** When the client's reader finds the result, less the call, in milliseconds after the message was sent. */
function find(
  { startedAt = Number.POSITIVE_INFINITY, finishedAt = Number.POSITIVE_INFINITY }: SeenRequest,
  sentAt: number,
  durations: Durations,
): { foundAt: number; looks: number } {
  let at = sentAt + FIRST_LOOK_MS;
  let looks = 1;
  for (; at < finishedAt + TABLE_CALL_MS && looks < 1_000; looks += 1) {
    const record = at < startedAt ? { status: 'RECEIVED' } : { status: 'IN_PROGRESS', started_at: startedAt };
    at += TABLE_CALL_MS + nextLookMs(at, sentAt, record as StoredRecord, durations.of(MODEL));
  }
  durations.add(MODEL, finishedAt - startedAt);
  return { foundAt: at + TABLE_CALL_MS - sentAt - (finishedAt - startedAt), looks };
}
