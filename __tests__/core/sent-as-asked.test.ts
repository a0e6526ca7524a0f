/** From the producer's message to the call: what is sent is what was asked, except the max tokens that the smoother may set. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { acceptedRecord } from '../../src/core/ingestion/accepted-record.ts';
import { withGrantedMaxTokens } from '../../src/core/invocation/granted-max-tokens.ts';
import { slotReportOf } from '../../src/core/lane/call-counters.ts';
import { outputLimitOf } from '../../src/core/lane/catalog/catalog.ts';
import { Estimates } from '../../src/core/lane/engine/estimates.ts';
import { sizeOf } from '../../src/core/lane/engine/sizing.ts';
import { BODY_FAMILIES } from '../../src/core/request/body-families.ts';
import { at } from '../../src/core/request/json.ts';
import { readMessage } from '../../src/core/request/message.ts';
import { payloadText, readPayload } from '../../src/core/request/payload.ts';
import type { BacklogEntry } from '../../src/core/request/ports.ts';
import { describeProblems } from '../../src/core/request/problem.ts';
import { estimateInput } from '../../src/core/request/tokens.ts';

interface Sent {
  body: string;
  parameters: unknown;
  maxTokens?: number;
  granted: number;
  reserved: number;
  inputTokens: number;
}

/** Ingestion, the store, the first release and the worker, one after the other. */
function send(message: string, learned = new Estimates()): Sent {
  const reading = readMessage(message, { longestWaitSeconds: 1_000 });
  if (reading.kind !== 'request') {
    throw new Error(reading.kind === 'invalid' ? describeProblems(reading.problems) : reading.kind);
  }
  const { request } = reading;
  const stored = payloadText({ payload: request.call, body: request.body });
  const record = acceptedRecord(request, {
    requestId: 'r1',
    messageId: 'm1',
    acceptedAt: 0,
    sentAt: 0,
    longestWaitSeconds: 1_000,
    input: estimateInput(request.model_id, request.call),
    shardOf: () => 0,
  });
  const size = sizeOf(record as BacklogEntry, learned, { tokens_per_minute: 1_000_000 }, 5_000);
  const released = { ...record, granted_max_tokens: size.maxTokens };
  const { payload, body } = withGrantedMaxTokens(released, readPayload(Buffer.from(stored)));
  return {
    body,
    parameters:
      payload.operation === 'invoke_model' ? { ...payload.invoke_model, body: undefined } : undefined,
    maxTokens: record.max_tokens,
    granted: size.maxTokens,
    reserved: size.reserved,
    inputTokens: record.input_tokens,
  };
}

function invoke(modelId: string, body: unknown, rest: object = {}): string {
  return JSON.stringify({ model_id: modelId, invoke_model: { body, ...rest } });
}

describe('real payloads', () => {
  const NOVA = 'us.amazon.nova-2-lite-v1:0';
  const CLAUDE = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
  const HI = { messages: [{ role: 'user', content: [{ text: 'hi' }] }] };

  it('Nova with high effort: max tokens stay unset, and what the model can give is reserved', () => {
    const reasoningConfig = { type: 'enabled', maxReasoningEffort: 'high' };
    const converse = { ...HI, additionalModelRequestFields: { reasoningConfig } };
    const sent = send(JSON.stringify({ model_id: NOVA, converse }));
    expect(JSON.parse(sent.body)).toEqual(converse);
    expect(sent.reserved).toBe(sent.inputTokens + outputLimitOf(NOVA));
    const body = { schemaVersion: 'messages-v1', ...HI, reasoningConfig };
    expect(JSON.parse(send(invoke(NOVA, body)).body)).toEqual(body);
  });

  it('thinking with a budget: max tokens are more than that, whatever answers have taught', () => {
    const thinking = { type: 'enabled', budget_tokens: 8_000 };
    const message = JSON.stringify({
      model_id: CLAUDE,
      converse: { ...HI, additionalModelRequestFields: { thinking } },
    });
    expect(JSON.parse(send(message).body).inferenceConfig.maxTokens).toBe(12_096);
    const short = new Estimates();
    short.learn(slotReportOf({ slot: 0, counters: { settled: 1_000, 'out.5': 1_000 } }));
    expect(JSON.parse(send(message, short).body).inferenceConfig.maxTokens).toBe(8_512);
  });

  it('a stored prompt: nothing is added', () => {
    const model_id = 'arn:aws:bedrock:us-east-1:111122223333:prompt/PROMPT12AB:1';
    const converse = { promptVariables: { topic: { text: 'tea' } } };
    expect(JSON.parse(send(JSON.stringify({ model_id, converse })).body)).toEqual(converse);
  });

  it('numbers beyond 2^53, and names that are numbers: byte for byte', () => {
    const input = '{"order":2512292042121000001,"price":0.10,"big":12345678901234567890}';
    const schema =
      '{"type":"object","properties":{"2024":{"type":"string"},"2023":{"maximum":18446744073709551615}}}';
    const rest =
      `"messages":[{"role":"user","content":[{"text":"Look up"}]},` +
      `{"role":"assistant","content":[{"toolUse":{"toolUseId":"t1","name":"find","input":${input}}}]}],` +
      `"toolConfig":{"tools":[{"toolSpec":{"name":"find","inputSchema":{"json":${schema}}}}]}`;
    const { body, granted } = send(`{"model_id":"${CLAUDE}","converse":{${rest}}}`);
    expect(body).toBe(`{${rest},"inferenceConfig": {"maxTokens":${granted}}}`);
    const seed =
      '{ "messages":[{"role":"user","content":"hi"}], "max_tokens":10, "seed":9223372036854775807 }';
    const model = '"model_id":"mistral.mistral-large-2407-v1:0"';
    expect(send(`{${model},"invoke_model":{"body":${seed}}}`).body).toBe(seed);
    expect(send(`{${model},"invoke_model":{"body":${JSON.stringify(seed)}}}`).body).toBe(seed);
    expect(send(`{${model},"modelInput":${seed}}`).body).toBe(seed);
    const short = `{"model_id":"${CLAUDE}","messages":[{"role":"user","content":"a\\u0041"},{"role":"assistant","content":[{"text":"b"}]}],"system":"s"}`;
    expect(send(short).body).toMatch(
      '{"messages":[{"role":"user","content":[{"text":"a\\u0041"}]},{"role":"assistant","content":[{"text":"b"}]}],"system":[{"text":"s"}],',
    );
  });

  it('nothing where max tokens belong: they are set there', () => {
    const body = '{"messages":[],"inferenceConfig":null,"schemaVersion":"messages-v1"}';
    const sent = send(`{"model_id":"${NOVA}","invoke_model":{"body":${body}}}`);
    expect(sent.body).toBe(body.replace('null', `{"maxTokens":${sent.granted}}`));
  });

  it.each([[[]], ['short'], [5], [false]])(
    '%j where an object with max tokens belongs: left to Bedrock',
    (config) => {
      const body = { messages: [], inferenceConfig: config };
      expect(JSON.parse(send(invoke(NOVA, body)).body)).toEqual(body);
    },
  );

  it('max tokens as text: left to Bedrock, and counted as what it says', () => {
    const body = { anthropic_version: 'bedrock-2023-05-31', max_tokens: '200', messages: [] };
    const sent = send(invoke('anthropic.claude-3-haiku-20240307-v1:0', body));
    expect(JSON.parse(sent.body)).toEqual(body);
    expect(sent.reserved).toBe(sent.inputTokens + 200);
  });

  it.each([
    ['amazon.titan-text-premier-v1:0', { inputText: 'abc', textGenerationConfig: { topP: 1 } }, 512],
    ['amazon.titan-text-express-v1:0:8k', { inputText: 'abc' }, 512],
    ['us.meta.llama3-3-70b-instruct-v1:0', { prompt: 'hi' }, 512],
    ['cohere.command-text-v14', { prompt: 'hi' }, 20],
  ])('a documented default of %s: stays, and is reserved', (modelId, body, tokens) => {
    const sent = send(invoke(modelId, body));
    expect(JSON.parse(sent.body)).toEqual(body);
    expect(sent.reserved).toBe(sent.inputTokens + tokens);
  });

  it('InvokeModel’s guardrail and other parameters', () => {
    const parameters = {
      guardrailIdentifier: 'gr',
      guardrailVersion: '1',
      trace: 'ENABLED',
      performanceConfigLatency: 'optimized',
      serviceTier: 'flex',
      requestMetadata: { team: 'a' },
    };
    const sent = send(invoke(CLAUDE, { max_tokens: 1 }, parameters));
    expect(sent.parameters).toEqual({
      ...parameters,
      content_type: 'application/json',
      accept: 'application/json',
      body: undefined,
    });
  });
});

describe('any body', () => {
  const MODELS = [
    'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
    'anthropic.claude-v2:1',
    'us.amazon.nova-lite-v1:0',
    'us.amazon.nova-2-lite-v1:0',
    'amazon.titan-text-premier-v1:0',
    'amazon.titan-embed-text-v2:0',
    'us.meta.llama3-3-70b-instruct-v1:0',
    'cohere.command-r-plus-v1:0',
    'cohere.command-text-v14',
    'ai21.j2-ultra-v1',
    'ai21.jamba-1-5-large-v1:0',
    'mistral.mistral-7b-instruct-v0:2',
    'mistral.mistral-large-2407-v1:0',
    'openai.gpt-oss-120b-1:0',
    'qwen.qwen3-32b-v1:0',
    'deepseek.r1-v1:0',
    'stability.stable-image-core-v1:1',
    'twelvelabs.pegasus-1-2-v1:0',
    'arn:aws:bedrock:us-east-1:123456789012:imported-model/a1b2c3',
  ];
  const paths = [
    ...new Set(BODY_FAMILIES.flatMap(({ maxTokens }) => maxTokens.map((path) => path.join('.')))),
  ];
  /** JSON with what JSON.parse does not keep: large numbers, spaces, names that are numbers, escapes. */
  const exotic = fc.constantFrom(
    '9007199254740993',
    '1.0',
    '0.10',
    '"\\u0041"',
    '{"2":1,"1":[ ]}',
    'null',
    '"x"',
  );
  const member = fc.tuple(fc.constantFrom('prompt', 'messages', 'seed', '7', 'inferenceConfig2'), exotic);
  const set = fc.option(fc.tuple(fc.constantFrom(...paths), fc.constantFrom('7', '"200"', '4097', '0')), {
    nil: undefined,
  });
  const thinking = fc.option(
    fc.constantFrom(
      '"thinking":{"type":"enabled","budget_tokens":2000}',
      '"reasoningConfig":{"type":"enabled","maxReasoningEffort":"high"}',
    ),
    { nil: undefined },
  );
  const body = fc
    .tuple(fc.uniqueArray(member, { selector: ([name]) => name, maxLength: 4 }), set, thinking)
    .map(([members, max, extra]) => {
      const texts = members.map(([name, value]) => `"${name}" : ${value}`);
      if (max !== undefined) texts.push(nested(max[0].split('.'), max[1]));
      if (extra !== undefined) texts.push(extra);
      return `{ ${texts.join(' ,\n')} }`;
    });

  function nested([name, ...rest]: string[], value: string): string {
    return `"${name}":${rest.length === 0 ? value : `{${nested(rest, value)}}`}`;
  }

  it('is sent byte for byte, or with max tokens in the one place where the family has it', () => {
    fc.assert(
      fc.property(fc.constantFrom(...MODELS), body, (modelId, written) => {
        const sent = send(`{"model_id":"${modelId}","invoke_model":{"body":${written}}}`);
        if (sent.maxTokens !== undefined) {
          expect(sent.body).toBe(written);
          return;
        }
        // What was added is one member, or the end of one.
        const [before, after] = split(written, sent.body);
        expect(written.startsWith(before) && written.endsWith(after)).toBe(true);
        const places = paths.filter((path) => at(JSON.parse(sent.body), path.split('.')) === sent.granted);
        expect(places).toHaveLength(1);
        expect(sent.granted).toBeLessThanOrEqual(outputLimitOf(modelId));
      }),
    );
  });

  it('never grants more than the model takes, nor less than thinking needs', () => {
    fc.assert(
      fc.property(fc.constantFrom(...MODELS), fc.integer({ min: 1_024, max: 30_000 }), (modelId, budget) => {
        const thinkingConfig = { type: 'enabled', budget_tokens: budget };
        const sent = send(invoke(modelId, { prompt: 'x', thinking: thinkingConfig }));
        if (sent.maxTokens === undefined) expect(sent.granted).toBeGreaterThan(budget);
      }),
    );
  });

  /** The longest common beginning and end. */
  function split(a: string, b: string): [before: string, after: string] {
    let start = 0;
    while (start < a.length && a[start] === b[start]) start += 1;
    let end = 0;
    while (end < a.length - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
    expect(start + end).toBe(a.length);
    return [a.slice(0, start), a.slice(a.length - end)];
  }
});
