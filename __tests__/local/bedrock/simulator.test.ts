import {
  ConverseCommand,
  CountTokensCommand,
  InvokeModelCommand,
  ThrottlingException,
  ValidationException,
} from '@aws-sdk/client-bedrock-runtime';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { describe, expect, it } from 'vitest';
import { SimulatorOptionError } from '../../../src/local/bedrock/errors.ts';
import type { FaultKind } from '../../../src/local/bedrock/faults.ts';
import type { SimulatorOptions } from '../../../src/local/bedrock/options.ts';
import { type BedrockSimulator, startBedrockSimulator } from '../../../src/local/bedrock/simulator.ts';
import { HAIKU, start } from './world.ts';

const NOVA = 'amazon.nova-lite-v1:0';
const COUNTED = 'anthropic.claude-3-5-haiku-20241022-v1:0';

function converse(text = 'Why is the sky blue?', maxTokens: number | undefined = 300, modelId = HAIKU) {
  return new ConverseCommand({
    modelId,
    messages: [{ role: 'user', content: [{ text }] }],
    inferenceConfig: { maxTokens },
  });
}

function lane(simulator: BedrockSimulator, name = 'anthropic.claude-haiku-4-5:geo') {
  const found = simulator.stats().lanes.find((each) => each.lane === name);
  if (!found) throw new Error(`no lane ${name}`);
  return found;
}

describe.each([
  ['HTTP/2', {}],
  ['HTTP/1.1', { requestHandler: new NodeHttpHandler() }],
])('an unmodified SDK client over %s', (_name, config) => {
  it('converses', async () => {
    const { client } = await start({}, config);
    const { output, stopReason, usage, metrics } = await client.send(converse());
    expect(output?.message?.role).toBe('assistant');
    expect(output?.message?.content?.[0]?.text).toMatch(/\w+ \w+/);
    expect(['end_turn', 'max_tokens']).toContain(stopReason);
    expect(usage?.totalTokens).toBe((usage?.inputTokens ?? 0) + (usage?.outputTokens ?? 0));
    expect(usage?.inputTokens).toBeGreaterThan(5);
    expect(metrics?.latencyMs).toBeTypeOf('number');
  });

  it('runs many calls at once', async () => {
    const { client, simulator } = await start({ latencyMedianMs: 20 }, config);
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) => client.send(converse(`Question ${index}`))),
    );
    expect(answers).toHaveLength(40);
    expect(simulator.stats()).toMatchObject({ calls: 40, throttles: 0, invalid: 0 });
  });

  it('is throttled with the exception, status and words of Bedrock', async () => {
    const { client, simulator } = await start({ requestsPerMinute: 1, enforcement: 'token-bucket' }, config);
    await client.send(converse());
    const error = await client.send(converse()).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ThrottlingException);
    expect(error).toMatchObject({
      name: 'ThrottlingException',
      message: 'Too many requests, please wait before trying again.',
      $metadata: { httpStatusCode: 429 },
    });
    expect(lane(simulator)).toMatchObject({ calls: 1, throttles: 1 });
  });
});

describe('InvokeModel answers in the body of the model’s family', () => {
  const ask = [{ role: 'user', content: 'Hello there' }];
  it.each([
    [HAIKU, { anthropic_version: 'bedrock-2023-05-31', max_tokens: 50, messages: ask }, 'content.0.text'],
    [
      'eu.amazon.nova-lite-v1:0',
      { messages: [{ role: 'user', content: [{ text: 'Hi' }] }] },
      'output.message.content.0.text',
    ],
    ['amazon.titan-text-express-v1', { inputText: 'Hi' }, 'results.0.outputText'],
    ['us.meta.llama3-3-70b-instruct-v1:0', { prompt: 'Hi' }, 'generation'],
    ['mistral.mistral-large-2402-v1:0', { prompt: '<s>[INST] Hi [/INST]' }, 'outputs.0.text'],
    ['openai.gpt-oss-120b-1:0', { messages: ask }, 'choices.0.message.content'],
  ])('%s', async (modelId, body, path) => {
    const { client } = await start();
    const headers: Record<string, string> = {};
    client.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        Object.assign(headers, (result.response as { headers: object }).headers);
        return result;
      },
      { step: 'deserialize', priority: 'low' },
    );
    const { body: bytes } = await client.send(
      new InvokeModelCommand({ modelId, body: JSON.stringify(body) }),
    );
    const text = path
      .split('.')
      .reduce<unknown>(
        (at, key) => (at as Record<string, unknown>)[key],
        JSON.parse(bytes.transformToString()),
      );
    expect(text).toMatch(/\w+ \w+/);
    expect(Number(headers['x-amzn-bedrock-input-token-count'])).toBeGreaterThan(0);
    expect(Number(headers['x-amzn-bedrock-output-token-count'])).toBeGreaterThan(0);
    expect(headers['x-amzn-bedrock-invocation-latency']).toMatch(/^\d+$/);
  });

  it('refuses a body without a required key', async () => {
    const { client } = await start();
    const body = JSON.stringify({ anthropic_version: 'bedrock-2023-05-31', messages: ask });
    await expect(client.send(new InvokeModelCommand({ modelId: HAIKU, body }))).rejects.toThrow(/max_tokens/);
  });
});

describe('answers', () => {
  it('depend on seed and content alone, not on where max tokens cuts', async () => {
    const first = await start({ seed: 7 });
    const second = await start({ seed: 7 });
    const other = await start({ seed: 8 });
    const whole = await first.client.send(converse('Tell me', 4_000));
    const size = whole.usage?.outputTokens ?? 0;
    expect(whole.stopReason).toBe('end_turn');
    expect((await second.client.send(converse('Tell me', 4_000))).usage).toEqual(whole.usage);
    expect((await other.client.send(converse('Tell me', 4_000))).usage).not.toEqual(whole.usage);
    expect(await second.client.send(converse('Tell me', size - 1))).toMatchObject({
      stopReason: 'max_tokens',
      usage: { outputTokens: size - 1 },
    });
  });

  it('count input as CountTokens says, for nothing', async () => {
    const { client, simulator } = await start();
    const { messages } = converse().input;
    const count = (modelId: string) =>
      client.send(new CountTokensCommand({ modelId, input: { converse: { messages } } }));
    const { inputTokens } = await count(COUNTED);
    const same = new ConverseCommand({ ...converse().input, modelId: COUNTED });
    expect((await client.send(same)).usage?.inputTokens).toBe(inputTokens);
    expect(simulator.stats().calls).toBe(1);
    // Neither through a profile nor for models that only have profiles.
    for (const modelId of [`us.${COUNTED}`, HAIKU, HAIKU.slice(3), NOVA]) {
      await expect(count(modelId)).rejects.toThrow("The provided model doesn't support counting tokens.");
    }
  });
});

describe('quota', () => {
  it('holds the model’s maximum when max tokens is unset', async () => {
    const { client } = await start({ tokensPerMinute: 60_000 });
    const unset = new ConverseCommand({
      modelId: HAIKU,
      messages: [{ role: 'user', content: [{ text: 'Hi' }] }],
    });
    await expect(client.send(unset)).rejects.toThrow('Too many tokens, please wait before trying again.');
    await expect(client.send(converse('Hi', 1_000))).resolves.toBeDefined();
  });

  it('charges output by the burndown rate, once the call has ended', async () => {
    const { client, simulator } = await start({ tokensPerMinute: 1_000_000 });
    const { usage } = await client.send(converse());
    expect(lane(simulator).tokens).toBe((usage?.inputTokens ?? 0) + 5 * (usage?.outputTokens ?? 0));
    expect(lane(simulator).utilisation.tpm).toBeGreaterThan(0);
  });

  it('is shared by Converse and InvokeModel and by geo profiles, apart from global ones and the model itself', async () => {
    const { client, simulator } = await start({ requestsPerMinute: 2 });
    const body = JSON.stringify({ messages: [{ role: 'user', content: [{ text: 'Hi' }] }] });
    await client.send(converse('Hi', 10, `us.${NOVA}`));
    await client.send(new InvokeModelCommand({ modelId: `eu.${NOVA}`, body }));
    await expect(client.send(converse('Hi', 10, `jp.${NOVA}`))).rejects.toThrow(ThrottlingException);
    await client.send(converse('Hi', 10, `global.${NOVA}`));
    await client.send(converse('Hi', 10, NOVA));
    await client.send(converse('Hi', 10, `arn:aws:bedrock:us-east-1::foundation-model/${NOVA}`));
    expect(simulator.stats().lanes.map(({ lane: name, calls }) => [name, calls])).toEqual([
      ['amazon.nova-lite:geo', 2],
      ['amazon.nova-lite:global', 1],
      ['amazon.nova-lite:on-demand', 2],
    ]);
  });
});

describe('refusals', () => {
  it.each([
    ['an unknown model', converse('Hi', 10, 'nobody.model-1'), 'The provided model identifier is invalid.'],
    ['no messages', new ConverseCommand({ modelId: HAIKU, messages: [] }), "at 'messages'"],
    [
      'a conversation that starts with the assistant',
      new ConverseCommand({ modelId: HAIKU, messages: [{ role: 'assistant', content: [{ text: 'x' }] }] }),
      'must start with a user message',
    ],
    ['max tokens of 0', converse('Hi', 0), "'inferenceConfig.maxTokens'"],
    ['more max tokens than the model has', converse('Hi', 64_001), 'exceeds the model limit of 64000'],
    [
      'a temperature of 2',
      new ConverseCommand({ ...converse().input, inferenceConfig: { temperature: 2 } }),
      "'inferenceConfig.temperature'",
    ],
    [
      'no tools',
      new ConverseCommand({ ...converse().input, toolConfig: { tools: [] } }),
      "'toolConfig.tools'",
    ],
    [
      'a bad tool name',
      new ConverseCommand({
        ...converse().input,
        toolConfig: { tools: [{ toolSpec: { name: 'a b', inputSchema: { json: {} } } }] },
      }),
      'toolSpec.name',
    ],
  ])('of %s: ValidationException, without touching the quota', async (_name, command, message) => {
    const { client, simulator } = await start();
    const error = await client.send(command as ConverseCommand).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ValidationException);
    expect((error as Error).message).toContain(message);
    expect(simulator.stats()).toMatchObject({ calls: 0, invalid: 1 });
  });

  it('of an application inference profile: as of what it was made from, whose quota it shares', async () => {
    const modelId = 'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc';
    const { client, simulator } = await start({
      requestsPerMinute: 1,
      applicationProfiles: { [modelId]: `us.${NOVA}` },
    });
    await client.send(converse('Hi', 10, modelId));
    await expect(client.send(converse('Hi', 10, `us.${NOVA}`))).rejects.toThrow(ThrottlingException);
    expect(simulator.stats().lanes).toMatchObject([
      { lane: 'amazon.nova-lite:geo', models: [modelId, `us.${NOVA}`] },
    ]);
  });

  it('of another account’s inference profile: ResourceNotFoundException, unless no account was given', async () => {
    const modelId = `arn:aws:bedrock:us-east-1:111122223333:inference-profile/us.${NOVA}`;
    const { client } = await start({ accountId: '444455556666' });
    await expect(client.send(converse('Hi', 10, modelId))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
    const { client: anybodys } = await start();
    await expect(anybodys.send(converse('Hi', 10, modelId))).resolves.toBeDefined();
  });

  it('of an application inference profile nobody made: ResourceNotFoundException', async () => {
    const { client } = await start();
    const modelId = 'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc';
    await expect(client.send(converse('Hi', 10, modelId))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });
});

describe('faults', () => {
  it.each<[FaultKind, string, number]>([
    ['throttling', 'ThrottlingException', 429],
    ['tokens-per-day', 'ThrottlingException', 429],
    ['model-not-ready', 'ModelNotReadyException', 429],
    ['service-unavailable', 'ServiceUnavailableException', 503],
    ['internal-server', 'InternalServerException', 500],
    ['model-timeout', 'ModelTimeoutException', 408],
    ['model-error', 'ModelErrorException', 424],
    ['access-denied', 'AccessDeniedException', 403],
  ])('%s is %s with status %d', async (kind, name, httpStatusCode) => {
    const { client } = await start({ faults: { [kind]: 1 } });
    await expect(client.send(converse())).rejects.toMatchObject({ name, $metadata: { httpStatusCode } });
  });

  it.each([
    ['HTTP/2', {}],
    ['HTTP/1.1', { requestHandler: new NodeHttpHandler() }],
  ])('connection-reset cuts the answer over %s', async (_name, config) => {
    const { client, simulator } = await start({ faults: { 'connection-reset': 1 } }, config);
    await expect(client.send(converse())).rejects.toThrow();
    expect(lane(simulator)).toMatchObject({ calls: 1, running: 0, errors: { 'connection-reset': 1 } });
  });

  it('come at about their rate, the same calls for the same seed', async () => {
    const outcomes = async () => {
      const { client } = await start({ faults: { 'internal-server': 0.3 } });
      const failed: number[] = [];
      for (let call = 0; call < 60; call++) await client.send(converse()).catch(() => failed.push(call));
      return failed;
    };
    const failed = await outcomes();
    expect(failed.length).toBeGreaterThan(8);
    expect(failed.length).toBeLessThan(30);
    expect(await outcomes()).toEqual(failed);
  });
});

describe('statistics', () => {
  it('are served as JSON, by lane, minute and second', async () => {
    const { client, simulator } = await start({ requestsPerMinute: 3 });
    for (let call = 0; call < 5; call++) await client.send(converse()).catch(() => undefined);
    const stats = await (await fetch(`${simulator.url}/_simulator/stats`)).json();
    expect(stats).toEqual(simulator.stats());
    const { minutes, seconds } = lane(simulator);
    const sum = (rows: { calls: number; throttles: number }[]) => [
      rows.reduce((total, { calls }) => total + calls, 0),
      rows.reduce((total, { throttles }) => total + throttles, 0),
    ];
    expect(sum(minutes)).toEqual([3, 2]);
    expect(sum(seconds)).toEqual([3, 2]);
  });
});

describe('options', () => {
  it.each<[SimulatorOptions, string]>([
    [{ requestsPerMinute: 0 }, 'requestsPerMinute must be a whole number from 1 to 1000000000000, got 0'],
    [{ port: 70_000 }, 'port must be a whole number from 0 to 65535, got 70000'],
    [
      { enforcement: 'leaky' as never },
      'enforcement must be one of token-bucket, sliding-window, fixed-window, got "leaky"',
    ],
    [
      { faults: { throttling: 0.7, 'model-error': 0.7 } },
      'faults must be rates of together at most 1, got 1.4',
    ],
  ])('%j are refused', async (options, message) => {
    const error = await startBedrockSimulator(options).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(SimulatorOptionError);
    expect((error as Error).message).toBe(message);
  });
});
