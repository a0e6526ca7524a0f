import {
  ConverseCommand,
  type ConverseCommandInput,
  InvokeModelCommand,
} from '@aws-sdk/client-bedrock-runtime';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fittingValue } from '../../../src/local/bedrock/schema.ts';
import { encodeJson, type JsonObject, parseJson } from '../../../src/wire/json.ts';
import { HAIKU, start } from './world.ts';

const ajv = new Ajv2020({ strict: false });
addFormats.default(ajv);

/** The kinds of schemas that clients send: generated ones (pydantic, zod), hand-written ones, and nested ones. */
const SCHEMAS: JsonObject[] = [
  {
    type: 'object',
    properties: { city: { type: 'string' }, unit: { enum: ['c', 'f'] } },
    required: ['city'],
  },
  { type: 'object', properties: { n: { type: 'integer', minimum: 3, maximum: 5 } }, required: ['n'] },
  {
    type: 'object',
    properties: { a: { anyOf: [{ type: 'string' }, { type: 'null' }], default: null } },
    required: ['a'],
    additionalProperties: false,
  },
  {
    $defs: {
      P: { type: 'object', properties: { age: { type: 'number', exclusiveMinimum: 10 } }, required: ['age'] },
    },
    type: 'object',
    properties: { people: { type: 'array', items: { $ref: '#/$defs/P' }, minItems: 2 } },
    required: ['people'],
  },
  {
    type: 'object',
    properties: {
      at: { type: 'string', format: 'date-time' },
      mail: { type: 'string', format: 'email' },
      code: { type: 'string', pattern: '^[A-Z]{3}-[0-9]+$' },
    },
    required: ['at', 'mail', 'code'],
  },
  {
    $defs: {
      N: {
        type: 'object',
        properties: { kids: { type: 'array', items: { $ref: '#/$defs/N' } } },
        required: ['kids'],
      },
    },
    $ref: '#/$defs/N',
  },
  { type: 'array', items: { type: 'number', multipleOf: 0.5, minimum: 1 }, uniqueItems: true, minItems: 3 },
  {
    allOf: [
      { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] },
      { type: 'object', properties: { b: { type: 'boolean' } }, required: ['b'] },
    ],
  },
  { oneOf: [{ const: 'x' }, { const: 'y' }] },
  {},
];

const SCHEMA = SCHEMAS[0] as JsonObject;
const fits = (schema: JsonObject, value: unknown) => {
  expect(ajv.validate(schema, value), ajv.errorsText()).toBe(true);
};

describe('a value for a schema', () => {
  it.each(SCHEMAS.map((schema) => [encodeJson(schema), schema] as const))('fits %s', (_text, schema) => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 0.999, noNaN: true }), (draw) => {
        fits(schema, fittingValue(schema, draw));
        expect(fittingValue(schema, draw)).toEqual(fittingValue(schema, draw));
      }),
      { numRuns: 30 },
    );
  });

  it('keeps numbers beyond 2^53 as they are', () => {
    const schema = parseJson(
      '{"type": "object", "properties": {"order": {"const": 9007199254740993}, "n": {"type": "integer", "minimum": 1, "maximum": 18446744073709551615}}, "required": ["order", "n"]}',
    ) as JsonObject;
    expect(encodeJson(fittingValue(schema, 0.5))).toContain('"order":9007199254740993');
  });

  it('of which there is none is refused', () => {
    expect(() => fittingValue({ $ref: '#/missing' }, 0)).toThrow('The JSON schema is not supported');
  });
});

const ask = (text: string, more: Partial<ConverseCommandInput> = {}): ConverseCommand =>
  new ConverseCommand({
    modelId: HAIKU,
    messages: [{ role: 'user', content: [{ text }] }],
    inferenceConfig: { maxTokens: 4_000 },
    ...more,
  });
const spec = (name: string) => ({ toolSpec: { name, inputSchema: { json: SCHEMA as never } } });
const tools = [spec('get_weather'), spec('send_mail')];

describe('Converse with tools', () => {
  it.each([
    ['any', { any: {} }, 'get_weather'],
    ['a tool by name', { tool: { name: 'send_mail' } }, 'send_mail'],
  ])('calls one when the choice is %s, with arguments that fit', async (_name, toolChoice, called) => {
    const { client } = await start();
    const { output, stopReason } = await client.send(ask('Hello', { toolConfig: { tools, toolChoice } }));
    expect(stopReason).toBe('tool_use');
    const [block] = output?.message?.content ?? [];
    expect(block?.toolUse).toMatchObject({ name: called, toolUseId: expect.stringMatching(/^tooluse_\w+$/) });
    fits(SCHEMA, block?.toolUse?.input);
  });

  it('leaves the choice to the model: it calls what the last message names, and answers results in words', async () => {
    const { client } = await start();
    const toolConfig = { tools };
    expect(await client.send(ask('Hello', { toolConfig }))).toMatchObject({ stopReason: 'end_turn' });
    const question = 'Please use send_mail for that.';
    const called = await client.send(ask(question, { toolConfig }));
    expect(called.output?.message?.content?.[0]?.toolUse?.name).toBe('send_mail');
    const { toolUseId } = called.output?.message?.content?.[0]?.toolUse ?? {};
    const messages = [
      { role: 'user' as const, content: [{ text: question }] },
      { role: 'assistant' as const, content: called.output?.message?.content },
      {
        role: 'user' as const,
        content: [{ toolResult: { toolUseId, content: [{ text: 'send_mail: sent' }] } }],
      },
    ];
    const answered = await client.send(ask('', { messages, toolConfig }));
    expect(answered).toMatchObject({ stopReason: 'end_turn' });
    expect(answered.output?.message?.content?.[0]?.text).toMatch(/\w+ \w+/);
  });

  it('cuts a call off at max tokens', async () => {
    const { client } = await start();
    const inferenceConfig = { maxTokens: 3 };
    const toolConfig = { tools, toolChoice: { any: {} } };
    expect(await client.send(ask('Hello', { toolConfig, inferenceConfig }))).toMatchObject({
      stopReason: 'max_tokens',
      usage: { outputTokens: 3 },
    });
  });

  it('refuses a tool that is not there, and results without tools', async () => {
    const { client } = await start();
    const toolConfig = { tools, toolChoice: { tool: { name: 'launch' } } };
    await expect(client.send(ask('Hello', { toolConfig }))).rejects.toThrow('asks for the tool launch');
    const messages = [{ role: 'user' as const, content: [{ toolResult: { toolUseId: 't', content: [] } }] }];
    await expect(client.send(ask('', { messages }))).rejects.toThrow('The toolConfig field must be defined');
  });
});

describe('structured output', () => {
  it('of Converse is JSON that fits the schema', async () => {
    const { client } = await start();
    for (const schema of SCHEMAS) {
      const structure = { jsonSchema: { schema: encodeJson(schema), name: 'answer' } };
      const outputConfig = { textFormat: { type: 'json_schema' as const, structure } };
      const { output, stopReason } = await client.send(ask('Hello', { outputConfig }));
      expect(stopReason).toBe('end_turn');
      fits(schema, JSON.parse(output?.message?.content?.[0]?.text ?? ''));
    }
  });

  it.each([
    [
      HAIKU,
      {
        anthropic_version: 'bedrock-2023-05-31',
        max_tokens: 4_000,
        output_config: { format: { type: 'json_schema', schema: SCHEMA } },
      },
      ({ content }: { content: { text: string }[] }) => content[0]?.text,
    ],
    [
      'openai.gpt-oss-120b-1:0',
      { response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: SCHEMA } } },
      ({ choices }: { choices: { message: { content: string } }[] }) => choices[0]?.message.content,
    ],
  ])('of InvokeModel with %s is JSON that fits the schema', async (modelId, format, textOf) => {
    const { client } = await start();
    const body = JSON.stringify({ messages: [{ role: 'user', content: 'Hello' }], ...format });
    const answer = await client.send(new InvokeModelCommand({ modelId, body }));
    fits(SCHEMA, JSON.parse(textOf(JSON.parse(answer.body.transformToString()) as never) ?? ''));
  });
});

describe('InvokeModel with tools', () => {
  const messages = [{ role: 'user', content: 'Hello' }];

  it.each([
    [
      HAIKU,
      {
        anthropic_version: 'bedrock-2023-05-31',
        max_tokens: 4_000,
        tools: [{ name: 'get_weather', input_schema: SCHEMA }],
        tool_choice: { type: 'any' },
      },
      ({ content }: { content: { input: unknown }[] }) => content[0]?.input,
    ],
    [
      'qwen.qwen3-32b-v1:0',
      {
        tools: [{ type: 'function', function: { name: 'get_weather', parameters: SCHEMA } }],
        tool_choice: 'required',
      },
      ({ choices }: { choices: { message: { tool_calls: { function: { arguments: string } }[] } }[] }) =>
        JSON.parse(choices[0]?.message.tool_calls[0]?.function.arguments ?? ''),
    ],
  ])('of %s calls one, with arguments that fit', async (modelId, body, argumentsOf) => {
    const { client } = await start();
    const answer = await client.send(
      new InvokeModelCommand({ modelId, body: JSON.stringify({ messages, ...body }) }),
    );
    fits(SCHEMA, argumentsOf(JSON.parse(answer.body.transformToString()) as never));
  });
});
