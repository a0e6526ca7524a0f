import { afterAll, beforeAll, expect, it } from 'vitest';
import { bedrockClient, bedrockRuntime } from '../../../src/aws/bedrock/runtime.ts';
import { bedrockTokenCounter } from '../../../src/aws/bedrock/token-counter.ts';
import { withGrantedMaxTokens } from '../../../src/core/invocation/granted-max-tokens.ts';
import { type Call, type Payload, readPayload } from '../../../src/core/request/payload.ts';
import type { RequestRecord } from '../../../src/core/request/record.ts';
import { type BedrockSimulator, startBedrockSimulator } from '../../../src/local/bedrock/simulator.ts';

const MODEL = 'anthropic.claude-3-5-haiku-20241022-v1:0';
const LANE = 'anthropic.claude-3-5-haiku:on-demand';
const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const CALLS: Record<string, Payload> = {
  'Converse, with what does not count and with an image': {
    v: 1,
    operation: 'converse',
    converse: {
      messages: [
        {
          role: 'user',
          content: [{ text: 'What is this?' }, { image: { format: 'png', source: { bytes: PIXEL } } }],
        },
      ],
      system: [{ text: 'Be brief.' }],
      inferenceConfig: { temperature: 0 },
      requestMetadata: { team: 'red' },
    },
  },
  'InvokeModel, max tokens left to the smoother': {
    v: 1,
    operation: 'invoke_model',
    invoke_model: {
      body: { anthropic_version: 'bedrock-2023-05-31', messages: [{ role: 'user', content: 'Hi there' }] },
      content_type: 'application/json',
      accept: 'application/json',
    },
  },
};

let simulator: BedrockSimulator;
let client: ReturnType<typeof bedrockClient>;
beforeAll(async () => {
  simulator = await startBedrockSimulator({ latencyMedianMs: 0 });
  const credentials = { accessKeyId: 'any', secretAccessKey: 'any' };
  client = bedrockClient({ endpoint: simulator.url, region: 'us-east-1', credentials });
});
afterAll(async () => {
  client.destroy();
  await simulator.close();
});

it.each(Object.entries(CALLS))('counts what Bedrock charges: %s', async (_, payload) => {
  const call = callOf(payload);
  const counted = await bedrockTokenCounter(client).count(MODEL, call);
  const sent = {
    ...withGrantedMaxTokens({ lane: LANE, granted_max_tokens: 10 } as RequestRecord, call),
    modelId: MODEL,
    lane: LANE,
    timeoutMs: 5_000,
  };
  const answer = await bedrockRuntime(client).call(sent);
  expect(counted).toBeGreaterThan(5);
  expect(answer.usage?.input_tokens).toBe(counted);
});

it('rejects what Bedrock does not count', async () => {
  const call = callOf(CALLS['InvokeModel, max tokens left to the smoother'] as Payload);
  await expect(bedrockTokenCounter(client).count(`us.${MODEL}`, call)).rejects.toThrow("doesn't support");
});

function callOf(payload: Payload): Call {
  return readPayload(Buffer.from(JSON.stringify(payload)));
}
