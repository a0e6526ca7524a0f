import { ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serviceQuotas } from '../../../src/aws/service-quotas/quotas.ts';
import { laneOf } from '../../../src/core/lane/catalog/catalog.ts';
import { type SmallCloud, smallStack, startSmallCloud } from '../small-stack.ts';

const MODELS = ['us.meta.llama3-3-70b-instruct-v1:0', 'us.anthropic.claude-haiku-4-5-20251001-v1:0'];
const nothingKept = { send: async () => ({}) } as never;

let cloud: SmallCloud;
let client: ServiceQuotasClient;
beforeAll(async () => {
  cloud = await startSmallCloud(await smallStack({}), {
    bedrockQuotas: { requestsPerMinute: 120, tokensPerMinute: 9_000, models: MODELS },
  });
  client = new ServiceQuotasClient(cloud.client);
});
afterAll(async () => {
  client?.destroy();
  await cloud?.stop();
});

describe('the smoother finds in Service Quotas what the simulator enforces', () => {
  const BOTH = { requests_per_minute: 120, tokens_per_minute: 9_000 };

  it.each([
    ['by code', 'us.anthropic.claude-haiku-4-5-20251001-v1:0', BOTH],
    ['by name', 'us.meta.llama3-3-70b-instruct-v1:0', BOTH],
    ['only what there is', 'us.anthropic.claude-opus-4-7', { tokens_per_minute: 9_000 }],
    ['nothing of another model', 'mistral.mistral-large-2407-v1:0', {}],
  ])('%s', async (_, modelId, limits) => {
    expect(await serviceQuotas(client, nothingKept, 'lanes').limitsOf(laneOf(modelId), 0)).toEqual(limits);
  });
});
