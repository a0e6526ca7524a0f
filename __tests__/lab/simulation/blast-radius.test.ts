import { expect, it } from 'vitest';
import type { ModelErrorDetails } from '../../../src/core/invocation/errors.ts';
import { defaultSettings } from '../../../src/lab/bench/bench.ts';
import {
  type Arrival,
  arrivalsOf,
  CHAT,
  TARGETS,
  type Workload,
} from '../../../src/lab/simulation/workload.ts';
import { World } from '../../../src/lab/simulation/world.ts';

const MODEL = 'us.amazon.nova-pro-v1:0';
const ARN = `arn:aws:bedrock:us-east-1:111122223333:inference-profile/${MODEL}`;
const DURATION_MS = 180_000;
const BAD_FROM_MS = 60_000;
/** Calls of others are in the way for so long: less than one of them takes. */
const WAIT_NOISE_MS = 600;
/** Of each kind, at once. */
const BAD = 400;

function fail(kind: ModelErrorDetails['kind'], type: string): ModelErrorDetails {
  return { kind, type, message: 'As Bedrock says it' };
}

/** Those that ingestion cannot know; what it can know, it rejects, and no lane hears of it. */
const KINDS: Partial<Arrival>[] = [
  { modelId: ARN, refusal: fail('denied', 'AccessDeniedException') },
  { refusal: fail('invalid', 'ValidationException') },
  { refusal: fail('faulted', 'ModelErrorException') },
  { refusal: fail('faulted', 'ServiceQuotaExceededException') },
  { refusal: fail('transient', 'InternalServerException') },
  { maxTokens: 10_000, outputTokens: 10 },
  { inputTokens: 250_000 },
];

/** Waits of a good tenant, sorted, beside such requests of another. */
async function waitsBeside(kinds: readonly Partial<Arrival>[]): Promise<number[]> {
  const sizes = { sizes: CHAT, perMinute: 60, fromMs: 0, toMs: DURATION_MS - 60_000 };
  const good = arrivalsOf([{ modelId: MODEL, priority: 3, tenant: 'good', ...sizes }], 1);
  const strangers = Array.from({ length: BAD }, () =>
    kinds.map(
      (bad): Arrival => ({
        ...{ at: BAD_FROM_MS, modelId: MODEL, priority: 3, tenant: 'stranger' },
        ...{ inputTokens: 600, outputTokens: 200, maxTokens: 512, ...bad },
      }),
    ),
  ).flat();
  const workload: Workload = {
    ...{ name: 'blast-radius', about: 'A good tenant beside a bad one', targets: TARGETS },
    lanes: [{ modelId: MODEL, limits: { requestsPerMinute: 500, tokensPerMinute: 200_000 } }],
    durationMs: DURATION_MS,
    arrivals: [...good, ...strangers].sort((a, b) => a.at - b.at),
    latency: { firstTokenMs: 500, perTokenMs: 10 },
  };
  const { requests } = await new World(workload, defaultSettings('sliding-window', 1)).run();
  return requests
    .filter(({ tenant }) => tenant === 'good')
    .map(({ acceptedAt, startedAt = Number.POSITIVE_INFINITY }) => startedAt - acceptedAt)
    .sort((a, b) => a - b);
}

const quantile = (waits: number[], q: number) => waits[Math.ceil(q * waits.length) - 1] ?? Number.NaN;

it('hundreds of requests of every bad kind at once make another tenant wait no longer than as many sound ones', async () => {
  const [sound, bad] = [await waitsBeside(KINDS.map(() => ({}))), await waitsBeside(KINDS)];
  expect(bad.length).toBe(sound.length);
  for (const q of [0.5, 0.95, 1]) {
    expect(quantile(bad, q), `quantile ${q}`).toBeLessThan(quantile(sound, q) + WAIT_NOISE_MS);
  }
}, 120_000);
