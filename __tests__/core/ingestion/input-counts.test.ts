import { expect, it } from 'vitest';
import type { TokenCounter } from '../../../src/core/ingestion/input-counts.ts';
import { COUNTED_FROM_TOKENS, REST_MS } from '../../../src/core/ingestion/input-counts.ts';
import { createWorld, messageOf, requestBody } from '../../fixtures/ingestion-world.ts';

const MODEL = 'anthropic.claude-3-5-haiku-20241022-v1:0';
const LARGE = 'Please read this with great care. '.repeat(500);

/** Ingestion whose inputs are counted by this. */
function worldWith(count: TokenCounter['count']) {
  const asked: string[] = [];
  const counter: TokenCounter = {
    count: async (modelId, call) => {
      asked.push(modelId);
      return count(modelId, call);
    },
  };
  return { ...createWorld((ports) => ({ ...ports, counter })), asked };
}

let sent = 0;
function large(fields: Record<string, unknown> = {}) {
  sent += 1;
  return messageOf(requestBody({ model_id: MODEL, ...fields }, LARGE), { id: `m${sent}` });
}

it('a large input is counted, once, under the model’s own id', async () => {
  const { ingest, requests, asked } = worldWith(async () => 4_321);
  await ingest(large({ model_id: `us.${MODEL}` }));
  expect(requests()).toMatchObject([{ input_tokens: 4_321, lane: 'anthropic.claude-3-5-haiku:geo' }]);
  expect(asked).toEqual([MODEL]);
});

it.each([
  ['a small input', messageOf(requestBody({ model_id: MODEL }))],
  ['a model that Bedrock does not count', large({ model_id: 'us.anthropic.claude-haiku-4-5-20251001-v1:0' })],
])('%s is estimated', async (_, message) => {
  const { ingest, requests, asked } = worldWith(async () => 4_321);
  await ingest(message);
  expect(requests()).toHaveLength(1);
  expect(requests()[0]?.input_tokens).not.toBe(4_321);
  expect(asked).toEqual([]);
});

it('a failure loses no request: inputs are estimated, and not asked after for a while', async () => {
  let works = false;
  const { ingest, requests, asked, clock, logged } = worldWith(async () => {
    if (works) return 4_321;
    throw Object.assign(new Error('Too many requests'), { name: 'ThrottlingException' });
  });
  await ingest(large());
  await ingest(large());
  expect(asked).toHaveLength(1);
  expect(requests()).toHaveLength(2);
  for (const { input_tokens } of requests()) expect(input_tokens).toBeGreaterThan(COUNTED_FROM_TOKENS);
  expect(logged).toContainEqual({
    event: 'input.not_counted',
    fields: expect.objectContaining({
      error: 'ThrottlingException',
      lane: 'anthropic.claude-3-5-haiku:on-demand',
    }),
  });
  works = true;
  clock.time += REST_MS;
  await ingest(large());
  expect(requests()[2]?.input_tokens).toBe(4_321);
});

it('a request is refused for its size by its count alone: an estimate may err', async () => {
  const limits = { tokens_per_minute: 3_000 };
  const ends = [];
  for (const counted of [undefined, 2_000, 5_000]) {
    const { ingest, cloud } = worldWith(async () => counted);
    const lane = 'anthropic.claude-3-5-haiku:on-demand';
    const led = await cloud.ports.leadership.acquire(lane, 'leader', 0, 1);
    if (led === undefined) throw new Error('not led');
    await cloud.ports.leadership.renew(led, { limits }, 1);
    await ingest(large());
    ends.push(cloud.sent.map(({ error }) => error?.type));
  }
  expect(ends).toEqual([[], [], ['ExceedsQuota']]);
});
