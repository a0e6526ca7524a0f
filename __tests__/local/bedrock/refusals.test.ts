import {
  ConverseCommand,
  type ConverseCommandInput,
  InvokeModelCommand,
  ValidationException,
} from '@aws-sdk/client-bedrock-runtime';
import { describe, expect, it } from 'vitest';
import { HAIKU, start } from './world.ts';

const SONNET = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
const NOVA_2 = 'us.amazon.nova-2-lite-v1:0';
const PROMPT = 'arn:aws:bedrock:us-east-1:111122223333:prompt/PROMPT12AB:1';
const messages: ConverseCommandInput['messages'] = [{ role: 'user', content: [{ text: 'hi' }] }];
const thinking = (budget_tokens: number) => ({ thinking: { type: 'enabled', budget_tokens } });
const effort = (maxReasoningEffort: string) => ({ reasoningConfig: { type: 'enabled', maxReasoningEffort } });

type Ask = Partial<ConverseCommandInput> & { modelId: string };

describe('Converse', () => {
  it.each<[string, Ask, string]>([
    [
      'a budget for thinking that max tokens does not exceed',
      {
        modelId: SONNET,
        inferenceConfig: { maxTokens: 8_000 },
        additionalModelRequestFields: thinking(8_000),
      },
      'The model returned the following errors: `max_tokens` must be greater than `thinking.budget_tokens`.',
    ],
    [
      'too small a budget for thinking',
      { modelId: SONNET, additionalModelRequestFields: thinking(1_023) },
      'Input should be greater than or equal to 1024',
    ],
    [
      'temperature with top_p where only one may be',
      { modelId: SONNET, inferenceConfig: { temperature: 0.5, topP: 0.5 } },
      'cannot both be specified',
    ],
    [
      'max tokens with Nova’s high effort',
      { modelId: NOVA_2, inferenceConfig: { maxTokens: 100 }, additionalModelRequestFields: effort('high') },
      'maxTokens, temperature and topP must not be set',
    ],
    [
      'reasoning of a Nova that does not',
      { modelId: 'us.amazon.nova-pro-v1:0', additionalModelRequestFields: effort('low') },
      'reasoning config value is invalid',
    ],
    [
      'a model on demand that is only behind profiles',
      { modelId: HAIKU.slice('us.'.length) },
      'with on-demand throughput isn’t supported. Retry your request with the ID or ARN of an inference profile that contains this model.',
    ],
    [
      'inferenceConfig with a stored prompt',
      { modelId: PROMPT, messages: undefined, inferenceConfig: { maxTokens: 10 } },
      "can't be called with inferenceConfig",
    ],
    [
      'more than Titan Premier’s maximum',
      { modelId: 'amazon.titan-text-premier-v1:0', inferenceConfig: { maxTokens: 3_073 } },
      'exceeds the model limit of 3072',
    ],
    [
      'a blank text for Nova',
      { modelId: NOVA_2, messages: [{ role: 'user', content: [{ text: 'x' }, { text: ' \n' }] }] },
      'The text field in the ContentBlock object at messages.0.content.1 is blank. Add text to the text field, and try again.',
    ],
    [
      'a blank text for Claude',
      { modelId: HAIKU, messages: [{ role: 'user', content: [{ text: ' ' }] }] },
      'The model returned the following errors: messages: text content blocks must contain non-whitespace text',
    ],
    [
      'an empty system text',
      { modelId: NOVA_2, system: [{ text: '' }] },
      'The text field in the SystemContentBlock object at system.0 is blank.',
    ],
    [
      'a message without content',
      { modelId: NOVA_2, messages: [{ role: 'user', content: [] }] },
      'The content field in the Message object at messages.0 is empty.',
    ],
    [
      'a number for a text',
      { modelId: NOVA_2, system: [{ text: 5 as never }] },
      "Value '5' at 'system.0.text' failed to satisfy constraint",
    ],
    [
      'a block of two kinds',
      {
        modelId: HAIKU,
        messages: [{ role: 'user', content: [{ text: 'x', cachePoint: { type: 'default' } } as never] }],
      },
      'exactly one of',
    ],
  ])('refuses %s', async (_name, ask, message) => {
    const { client, simulator } = await start({ applicationProfiles: { [PROMPT]: HAIKU } });
    const error = await client.send(new ConverseCommand({ messages, ...ask })).catch((reason) => reason);
    expect(error).toBeInstanceOf(ValidationException);
    expect(error.message).toContain(message);
    expect(simulator.stats()).toMatchObject({ calls: 0, invalid: 1 });
  });

  it.each<[string, Ask]>([
    [
      'a budget for thinking without max tokens',
      { modelId: SONNET, additionalModelRequestFields: thinking(8_000) },
    ],
    [
      'a budget below max tokens',
      {
        modelId: SONNET,
        inferenceConfig: { maxTokens: 8_001 },
        additionalModelRequestFields: thinking(8_000),
      },
    ],
    [
      'a budget above max tokens with thoughts between tool calls',
      {
        modelId: SONNET,
        inferenceConfig: { maxTokens: 2_000 },
        additionalModelRequestFields: {
          ...thinking(8_000),
          anthropic_beta: ['interleaved-thinking-2025-05-14'],
        },
      },
    ],
    [
      'Nova’s high effort without max tokens',
      { modelId: NOVA_2, additionalModelRequestFields: effort('high') },
    ],
    [
      'Nova’s low effort with max tokens',
      { modelId: NOVA_2, inferenceConfig: { maxTokens: 100 }, additionalModelRequestFields: effort('low') },
    ],
    [
      'a stored prompt with its variables',
      { modelId: PROMPT, messages: undefined, promptVariables: { topic: { text: 'tea' } } },
    ],
    [
      'a block that adds a tool',
      {
        modelId: 'us.anthropic.claude-opus-4-8',
        messages: [
          { role: 'user', content: [{ text: 'hi' }, { toolAddition: { tool: { name: 'x' } } } as never] },
        ],
      },
    ],
    ['Kimi', { modelId: 'moonshotai.kimi-k2.5' }],
    [
      'service tier and latency, which it repeats',
      { modelId: HAIKU, serviceTier: { type: 'flex' }, performanceConfig: { latency: 'optimized' } },
    ],
  ])('takes %s', async (_name, ask) => {
    const { client } = await start({ applicationProfiles: { [PROMPT]: HAIKU } });
    const { stopReason, serviceTier, performanceConfig } = await client.send(
      new ConverseCommand({ messages, ...ask }),
    );
    expect(['end_turn', 'max_tokens']).toContain(stopReason);
    expect({ serviceTier, performanceConfig }).toEqual({
      serviceTier: ask.serviceTier,
      performanceConfig: ask.performanceConfig,
    });
  });
});

describe('InvokeModel', () => {
  const claude = (more: object) => ({
    anthropic_version: 'bedrock-2023-05-31',
    max_tokens: 2_000,
    messages: [{ role: 'user', content: 'hi' }],
    ...more,
  });

  it.each<[string, string, object, string]>([
    [
      'max tokens as text',
      HAIKU,
      claude({ max_tokens: '200' }),
      'max_tokens: Input should be a valid integer',
    ],
    [
      'more than the maximum',
      HAIKU,
      claude({ max_tokens: 64_001 }),
      'max_tokens: 64001 > 64000, which is the maximum allowed number of output tokens for claude-haiku-4-5-20251001',
    ],
    [
      'a budget that max tokens does not exceed',
      HAIKU,
      claude(thinking(2_000)),
      '`max_tokens` must be greater than `thinking.budget_tokens`.',
    ],
    [
      'an unknown role',
      HAIKU,
      claude({ messages: [{ role: 'zzz', content: 'hi' }] }),
      'messages: Unexpected role "zzz". Allowed roles are "user" or "assistant"',
    ],
    [
      'a message without content',
      HAIKU,
      claude({ messages: [{ role: 'user', content: 'hi' }, { role: 'assistant' }] }),
      'messages.1.content: Field required',
    ],
    [
      'an unknown type of input for Cohere’s embeddings',
      'cohere.embed-english-v3',
      { texts: ['a'], input_type: 'zzz' },
      '#/input_type: "zzz" is not a valid enum value',
    ],
    [
      'nothing to embed for Nova',
      'amazon.nova-2-multimodal-embeddings-v1:0',
      { taskType: 'SINGLE_EMBEDDING', singleEmbeddingParams: { embeddingPurpose: 'GENERIC_INDEX' } },
      '#/singleEmbeddingParams: required key [text], [image], [audio], [video] not found',
    ],
    [
      'more than Llama 3 takes',
      'meta.llama3-70b-instruct-v1:0',
      { prompt: 'x', max_gen_len: 2_049 },
      '#/max_gen_len: 2049 is not less or equal to 2048',
    ],
    [
      'more than Command R takes',
      'cohere.command-r-v1:0',
      { message: 'x', max_tokens: 4_001 },
      '#/max_tokens: 4001 is not less or equal to 4000',
    ],
    [
      'a number of tokens as text',
      'openai.gpt-oss-20b-1:0',
      { messages: [{ role: 'user', content: 'x' }], max_tokens: '20' },
      'expected type: Integer, found: String',
    ],
    [
      'max tokens with Nova’s high effort',
      NOVA_2,
      { messages, inferenceConfig: { maxTokens: 10 }, ...effort('high') },
      'maxTokens, temperature and topP must not be set',
    ],
  ])('refuses %s', async (_name, modelId, body, message) => {
    const { client } = await start();
    const command = new InvokeModelCommand({ modelId, body: JSON.stringify(body) });
    await expect(client.send(command)).rejects.toThrow(message);
  });

  it('takes a guardrail, trace, latency and tier, and says that the guardrail did not intervene', async () => {
    const { client } = await start();
    const answer = await client.send(
      new InvokeModelCommand({
        modelId: HAIKU,
        body: JSON.stringify(claude({})),
        guardrailIdentifier: 'gr',
        guardrailVersion: '1',
        trace: 'ENABLED',
        performanceConfigLatency: 'optimized',
        serviceTier: 'flex',
      }),
    );
    expect(JSON.parse(answer.body.transformToString())).toMatchObject({
      'amazon-bedrock-guardrailAction': 'NONE',
    });
    expect(answer).toMatchObject({ performanceConfigLatency: 'optimized', serviceTier: 'flex' });
  });

  it('takes numbers beyond 2^53, each as another request', async () => {
    const { client } = await start();
    const ask = async (seed: string) => {
      const body = `{"messages": [{"role": "user", "content": "hi"}], "max_tokens": 10, "seed": ${seed}}`;
      const { body: bytes } = await client.send(
        new InvokeModelCommand({ modelId: 'mistral.mistral-large-2407-v1:0', body }),
      );
      return bytes.transformToString();
    };
    expect(await ask('9223372036854775807')).toBe(await ask('9223372036854775807'));
    expect(await ask('9223372036854775807')).not.toBe(await ask('9223372036854775806'));
  });

  it('takes a body that starts with a byte order mark', async () => {
    const { client } = await start();
    const body = `\uFEFF${JSON.stringify(claude({}))}`;
    await expect(client.send(new InvokeModelCommand({ modelId: HAIKU, body }))).resolves.toBeDefined();
  });
});

describe('a body of many levels', () => {
  const nested = (levels: number) => `${'['.repeat(levels)}12345678901234567890${']'.repeat(levels)}`;
  const input = (levels: number) =>
    `{"messages":[{"role":"user","content":[{"text":"hi"}]}],"x":${nested(levels)}}`;
  const counted = (body: string) => JSON.stringify({ input: { invokeModel: { body: btoa(body) } } });

  it.each([
    [`${HAIKU}/invoke`, input(1_000), 400],
    [`${HAIKU}/invoke`, input(20_000), 400],
    [`${HAIKU}/invoke`, input(1_000_000), 400],
    [`${HAIKU}/converse`, input(20_000), 400],
    [`${HAIKU}/converse`, input(999), 200],
    [`${HAIKU}/converse`, input(1).replace('hi', '[{\\"'.repeat(2_000)), 200],
    ['anthropic.claude-3-5-haiku-20241022-v1:0/count-tokens', counted(input(20_000)), 400],
  ])('sent to %s is answered', async (path, body, status) => {
    const { simulator } = await start();
    const answer = await fetch(`${simulator.url}/model/${path}`, { method: 'POST', body });
    expect(answer.status).toBe(status);
    if (status === 400) {
      expect(answer.headers.get('x-amzn-errortype')).toBe('ValidationException');
      expect(await answer.json()).toEqual({ message: 'The input is nested deeper than 1000 levels.' });
    }
  });
});

describe('what the simulator does not imitate', () => {
  it.each([
    ['POST', '/async-invoke', 'StartAsyncInvoke'],
    ['GET', '/async-invoke', 'ListAsyncInvokes'],
    ['GET', '/async-invoke/arn%3Aaws%3Abedrock', 'GetAsyncInvoke'],
    ['POST', '/guardrail/gr/version/1/apply', 'ApplyGuardrail'],
    ['POST', '/guardrail-checks/invoke', 'InvokeGuardrailChecks'],
    ['POST', `/model/${HAIKU}/invoke-with-bidirectional-stream`, 'InvokeModelWithBidirectionalStream'],
  ])('%s %s is named, with its page', async (method, path, name) => {
    const { simulator } = await start();
    const answer = await fetch(`${simulator.url}${path}`, { method });
    expect(answer.status).toBe(501);
    expect(await answer.json()).toEqual({
      message: `The simulator does not imitate ${name}. See https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_${name}.html`,
    });
  });
});
