import {
  ConverseCommand,
  ConverseStreamCommand,
  type ConverseStreamOutput,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
  ModelStreamErrorException,
} from '@aws-sdk/client-bedrock-runtime';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { describe, expect, it } from 'vitest';
import { HAIKU, start } from './world.ts';

const SCHEMA = {
  type: 'object',
  properties: { city: { type: 'string' }, days: { type: 'integer', minimum: 1, maximum: 9 } },
  required: ['city', 'days'],
};
const QUESTION = {
  modelId: HAIKU,
  messages: [{ role: 'user' as const, content: [{ text: 'What is the weather like?' }] }],
  inferenceConfig: { maxTokens: 4_000 },
};
const TOOLS = {
  tools: [{ toolSpec: { name: 'weather', inputSchema: { json: SCHEMA } } }],
  toolChoice: { any: {} },
};

async function eventsOf<Event>(stream: AsyncIterable<Event> | undefined): Promise<Event[]> {
  const events: Event[] = [];
  for await (const event of stream ?? []) events.push(event);
  return events;
}

const typesOf = (events: object[]) => events.map((event) => Object.keys(event)[0]);
const deltasOf = (events: ConverseStreamOutput[]) =>
  events.flatMap((event) => event.contentBlockDelta?.delta ?? []);

describe.each([
  ['HTTP/2', {}],
  ['HTTP/1.1', { requestHandler: new NodeHttpHandler() }],
])('ConverseStream over %s', (_name, config) => {
  it('says in pieces what Converse says at once', async () => {
    const { client, simulator } = await start({}, config);
    const whole = await client.send(new ConverseCommand(QUESTION));
    const { stream } = await client.send(new ConverseStreamCommand(QUESTION));
    const events = await eventsOf(stream);
    const types = typesOf(events);
    expect(types[0]).toBe('messageStart');
    expect(types.slice(-3)).toEqual(['contentBlockStop', 'messageStop', 'metadata']);
    expect(deltasOf(events).length).toBeGreaterThan(1);
    const text = deltasOf(events).map((delta) => delta.text);
    expect(text.join('')).toBe(whole.output?.message?.content?.[0]?.text);
    expect(events.at(-2)?.messageStop?.stopReason).toBe(whole.stopReason);
    expect(events.at(-1)?.metadata?.usage).toEqual(whole.usage);
    expect(simulator.stats().lanes).toMatchObject([{ calls: 2, running: 0 }]);
  });
});

describe('ConverseStream', () => {
  it('gives the arguments of a tool in pieces that together are JSON', async () => {
    const { client } = await start();
    const { stream } = await client.send(new ConverseStreamCommand({ ...QUESTION, toolConfig: TOOLS }));
    const events = await eventsOf(stream);
    const called = events.find((event) => event.contentBlockStart)?.contentBlockStart?.start?.toolUse;
    expect(called).toMatchObject({ name: 'weather', toolUseId: expect.stringMatching(/^tooluse_/) });
    const input = deltasOf(events).map((delta) => delta.toolUse?.input);
    expect(JSON.parse(input.join(''))).toEqual({ city: expect.any(String), days: expect.any(Number) });
    expect(events.find((event) => event.messageStop)?.messageStop?.stopReason).toBe('tool_use');
  });

  it('shows the thoughts of a model that thinks, signed, before the text', async () => {
    const { client } = await start();
    const thinking = { thinking: { type: 'enabled', budget_tokens: 1_024 } };
    const { stream } = await client.send(
      new ConverseStreamCommand({ ...QUESTION, additionalModelRequestFields: thinking }),
    );
    const deltas = deltasOf(await eventsOf(stream));
    expect(deltas[0]?.reasoningContent?.text).toMatch(/\w/);
    const signed = deltas.findIndex((delta) => delta.reasoningContent?.signature);
    expect(deltas.slice(signed + 1).every((delta) => delta.text)).toBe(true);
    expect(deltas.length).toBeGreaterThan(signed + 1);
  });

  it('is refused before it begins like any call', async () => {
    const { client } = await start({ requestsPerMinute: 1, enforcement: 'token-bucket' });
    await eventsOf((await client.send(new ConverseStreamCommand(QUESTION))).stream);
    await expect(client.send(new ConverseStreamCommand(QUESTION))).rejects.toMatchObject({
      name: 'ThrottlingException',
      $metadata: { httpStatusCode: 429 },
    });
  });

  it('tells in the stream what goes wrong in the middle of it', async () => {
    const { client } = await start({ faults: { 'model-error': 1 } });
    const { stream } = await client.send(new ConverseStreamCommand(QUESTION));
    const seen: ConverseStreamOutput[] = [];
    const reading = (async () => {
      for await (const event of stream ?? []) seen.push(event);
    })();
    await expect(reading).rejects.toBeInstanceOf(ModelStreamErrorException);
    expect(typesOf(seen)[0]).toBe('messageStart');
  });

  it('breaks off when the connection is cut', async () => {
    const { client, simulator } = await start({ faults: { 'connection-reset': 1 } });
    const { stream } = await client.send(new ConverseStreamCommand(QUESTION));
    await expect(eventsOf(stream)).rejects.toThrow();
    expect(simulator.stats().lanes).toMatchObject([{ running: 0, errors: { 'connection-reset': 1 } }]);
  });
});

describe('InvokeModelWithResponseStream', () => {
  const messages = [{ role: 'user', content: 'Hello there' }];
  const claude = { anthropic_version: 'bedrock-2023-05-31', max_tokens: 4_000, messages };
  type Part = { type?: string; delta?: { partial_json?: string } };

  async function partsOf(modelId: string, body: object): Promise<Part[]> {
    const { client } = await start();
    const { body: stream } = await client.send(
      new InvokeModelWithResponseStreamCommand({ modelId, body: JSON.stringify(body) }),
    );
    return (await eventsOf(stream)).map(({ chunk }) =>
      JSON.parse(Buffer.from(chunk?.bytes ?? []).toString()),
    );
  }

  it.each<[string, object, (part: never) => string | undefined, (whole: never) => string]>([
    [
      HAIKU,
      claude,
      ({ delta }: { delta?: { text?: string } }) => delta?.text,
      ({ content }: { content: { text: string }[] }) => String(content[0]?.text),
    ],
    [
      'us.amazon.nova-lite-v1:0',
      { messages: [{ role: 'user', content: [{ text: 'Hi' }] }] },
      ({ contentBlockDelta }: { contentBlockDelta?: { delta: { text: string } } }) =>
        contentBlockDelta?.delta.text,
      ({ output }: { output: { message: { content: { text: string }[] } } }) =>
        String(output.message.content[0]?.text),
    ],
    [
      'amazon.titan-text-express-v1',
      { inputText: 'Hi' },
      ({ outputText }: { outputText: string }) => outputText,
      ({ results }: { results: { outputText: string }[] }) => String(results[0]?.outputText),
    ],
    [
      'us.meta.llama3-3-70b-instruct-v1:0',
      { prompt: 'Hi' },
      ({ generation }: { generation: string }) => generation,
      ({ generation }: { generation: string }) => generation,
    ],
    [
      'openai.gpt-oss-120b-1:0',
      { messages },
      ({ choices }: { choices: { delta: { content?: string } }[] }) => choices[0]?.delta.content,
      ({ choices }: { choices: { message: { content: string } }[] }) => String(choices[0]?.message.content),
    ],
  ])('says in pieces what InvokeModel of %s says at once', async (modelId, body, pieceOf, textOf) => {
    const parts = await partsOf(modelId, body);
    const { client } = await start();
    const { body: bytes } = await client.send(
      new InvokeModelCommand({ modelId, body: JSON.stringify(body) }),
    );
    const whole = textOf(JSON.parse(bytes.transformToString()) as never);
    expect(whole).toMatch(/\w+ \w+/);
    expect(parts.map((part) => pieceOf(part as never) ?? '').join('')).toBe(whole);
    expect(parts.at(-1)).toMatchObject({
      'amazon-bedrock-invocationMetrics': { inputTokenCount: expect.any(Number) },
    });
  });

  it('has the events of Anthropic’s own API', async () => {
    const tools = [{ name: 'weather', input_schema: SCHEMA }];
    const parts = await partsOf(HAIKU, { ...claude, tools, tool_choice: { type: 'tool', name: 'weather' } });
    const types = parts.map(({ type }) => type);
    expect(types.filter((type, index) => type !== types[index - 1])).toEqual([
      'message_start',
      'content_block_start',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]);
    const json = parts.map(({ delta }) => delta?.partial_json ?? '').join('');
    expect(JSON.parse(json)).toEqual({ city: expect.any(String), days: expect.any(Number) });
  });

  it('is refused by a model that does not stream, and named where it is not imitated', async () => {
    await expect(partsOf('amazon.titan-embed-text-v2:0', { inputText: 'x' })).rejects.toThrow(
      'The model is unsupported for streaming.',
    );
    const pegasus = { inputPrompt: 'x', mediaSource: { s3Location: { uri: 's3://a/b' } } };
    await expect(partsOf('twelvelabs.pegasus-1-2-v1:0', pegasus)).rejects.toMatchObject({
      $metadata: { httpStatusCode: 501 },
      message: expect.stringContaining('API_runtime_InvokeModelWithResponseStream.html'),
    });
  });
});
