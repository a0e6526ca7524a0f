import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BedrockRuntimeClient } from '@aws-sdk/client-bedrock-runtime';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bedrockClient, bedrockRuntime } from '../../../src/aws/bedrock/runtime.ts';
import { ModelError } from '../../../src/core/invocation/errors.ts';
import type { ModelAnswer, ModelCall } from '../../../src/core/invocation/ports.ts';
import { laneOf } from '../../../src/core/lane/catalog/catalog.ts';
import type { InvokeParameters } from '../../../src/core/request/payload.ts';
import { startBedrockSimulator } from '../../../src/local/bedrock/simulator.ts';

interface Received {
  httpVersion: string;
  path: string;
  headers: IncomingMessage['headers'];
  text: string;
  body: unknown;
}

let server: Server;
let client: BedrockRuntimeClient;
let received: Received[] = [];
let respond: (response: ServerResponse) => void;

function clientAt(endpoint: string): BedrockRuntimeClient {
  return bedrockClient({
    endpoint,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
}

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { httpVersion, headers, url = '' } = request;
    const text = Buffer.concat(chunks).toString();
    received.push({ httpVersion, path: url, headers, text, body: JSON.parse(text) });
    respond(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  client = clientAt(endpoint());
});

afterAll(async () => {
  client.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

beforeEach(() => {
  received = [];
});

function endpoint(): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const answers = (body: unknown, headers = {}) => {
  respond = (response) => response.writeHead(200, headers).end(JSON.stringify(body));
};
const fails = (status: number, type: string, message: string, headers = {}) => {
  respond = (response) =>
    response.writeHead(status, { 'x-amzn-errortype': type, ...headers }).end(JSON.stringify({ message }));
};

const converse = (request: Record<string, unknown> = {}, timeoutMs = 5_000): ModelCall => ({
  modelId: 'us.anthropic.claude-haiku-4-5-20251001-v1:0',
  lane: 'anthropic.claude-haiku-4-5:geo',
  payload: { v: 1, operation: 'converse', converse: {} },
  body: JSON.stringify({ messages: [], ...request }),
  timeoutMs,
});
const invoke = (modelId: string, body: unknown, parameters: Partial<InvokeParameters> = {}): ModelCall => ({
  modelId,
  lane: laneOf(modelId),
  payload: {
    v: 1,
    operation: 'invoke_model',
    invoke_model: { body, content_type: 'application/json', accept: 'application/json', ...parameters },
  },
  body: JSON.stringify(body),
  timeoutMs: 5_000,
});
const call = (it: ModelCall): Promise<ModelAnswer> => bedrockRuntime(client).call(it);
const errorOf = (it: ModelCall): Promise<ModelError> =>
  call(it).then(
    () => Promise.reject(new Error('It answered')),
    (error) => error,
  );

const CONVERSE_ANSWER = {
  output: { message: { role: 'assistant', content: [{ text: 'Hi' }] } },
  stopReason: 'end_turn',
  usage: {
    inputTokens: 10,
    outputTokens: 4,
    totalTokens: 14,
    cacheReadInputTokens: 2,
    cacheWriteInputTokens: 1,
  },
  metrics: { latencyMs: 321 },
};

describe('Converse', () => {
  it('gives output, stop reason, usage and latency, over HTTP/1.1', async () => {
    answers(CONVERSE_ANSWER);
    expect(await call(converse({ inferenceConfig: { maxTokens: 9 } }))).toEqual({
      body: JSON.stringify(CONVERSE_ANSWER),
      stopReason: 'end_turn',
      usage: { input_tokens: 10, output_tokens: 4, cache_read_tokens: 2, cache_write_tokens: 1 },
      latencyMs: 321,
    });
    expect(received).toMatchObject([{ httpVersion: '1.1', body: { inferenceConfig: { maxTokens: 9 } } }]);
  });

  it('binary content goes out as the base64 it came in as, and a tool’s own fields are not touched', async () => {
    answers(CONVERSE_ANSWER);
    const messages = [
      { role: 'user', content: [{ image: { format: 'png', source: { bytes: 'AAECAw==' } } }] },
      {
        role: 'assistant',
        content: [
          { reasoningContent: { redactedContent: 'c2VjcmV0' } },
          { toolUse: { toolUseId: 't', name: 'n', input: { bytes: 'not base64!', n: 1.5 } } },
        ],
      },
      { role: 'user', content: [{ toolResult: { toolUseId: 't', content: [{ json: { bytes: 'x' } }] } }] },
    ];
    await call(converse({ messages }));
    expect(received[0]?.body).toMatchObject({ messages });
  });

  it('request and answer are the same texts as on the wire, numbers and order included', async () => {
    const text =
      '{"messages":[{"role":"user","content":[{"toolResult":{"toolUseId":"t","content":[{"json":{"n":9007199254740993}}]}}]}],' +
      '"additionalModelRequestFields":{"2024":1.0,"2023":18446744073709551615},"newField":"\\u0041"}';
    const answered =
      '{"output":{"message":{"role":"assistant","content":[{"toolUse":{"toolUseId":"t","name":"n","input":{"2":9007199254740993,"1":0.10}}}]}},' +
      '"stopReason":"tool_use","usage":{"inputTokens":1,"outputTokens":2,"totalTokens":3},"metrics":{"latencyMs":5}}';
    respond = (response) => response.writeHead(200).end(answered);
    const { body, ...facts } = await call({ ...converse(), body: text });
    expect(received[0]?.text).toBe(text);
    expect(received[0]?.headers['content-length']).toBe(String(Buffer.byteLength(text)));
    expect(body).toBe(answered);
    expect(facts).toMatchObject({ stopReason: 'tool_use', usage: { output_tokens: 2 }, latencyMs: 5 });
  });

  it('binary content in an answer, and blocks newer than the SDK, survive JSON', async () => {
    const content = [
      { reasoningContent: { redactedContent: 'c2VjcmV0' } },
      { brandNew: { depth: 1 } },
      { toolUse: { toolUseId: 't', name: 'n', input: { bytes: 'plain' } } },
    ];
    answers({ ...CONVERSE_ANSWER, output: { message: { role: 'assistant', content } } });
    const { body } = await call(converse());
    expect(JSON.parse(body)).toMatchObject({ output: { message: { content } } });
  });
});

describe('InvokeModel', () => {
  it('sends the body as it is, and trusts the token counts of Bedrock’s headers', async () => {
    answers(
      { usage: { input_tokens: 1, output_tokens: 1 }, stop_reason: 'max_tokens' },
      {
        'x-amzn-bedrock-input-token-count': '12',
        'x-amzn-bedrock-output-token-count': '7',
        'x-amzn-bedrock-cache-read-input-token-count': '3',
        'x-amzn-bedrock-invocation-latency': '456',
      },
    );
    const answer = await call(invoke('anthropic.claude-3-haiku-20240307-v1:0', { max_tokens: 5 }));
    expect(answer).toMatchObject({
      stopReason: 'max_tokens',
      usage: { input_tokens: 12, output_tokens: 7, cache_read_tokens: 3 },
      latencyMs: 456,
    });
    expect(received[0]).toMatchObject({ body: { max_tokens: 5 }, headers: { accept: 'application/json' } });
  });

  it('passes guardrail, trace, latency, tier and metadata', async () => {
    answers({});
    await call(
      invoke(
        'anthropic.claude-3-haiku-20240307-v1:0',
        {},
        {
          guardrailIdentifier: 'gr',
          guardrailVersion: '1',
          trace: 'ENABLED',
          performanceConfigLatency: 'optimized',
          serviceTier: 'flex',
          requestMetadata: { team: 'a' },
        },
      ),
    );
    expect(received[0]?.headers).toMatchObject({
      'x-amzn-bedrock-guardrailidentifier': 'gr',
      'x-amzn-bedrock-guardrailversion': '1',
      'x-amzn-bedrock-trace': 'ENABLED',
      'x-amzn-bedrock-performanceconfig-latency': 'optimized',
      'x-amzn-bedrock-service-tier': 'flex',
    });
    expect(JSON.stringify(received[0]?.headers)).toContain('team');
  });

  it('trusts the header of the input alone where a model puts out no tokens', async () => {
    const headers = { 'x-amzn-bedrock-input-token-count': '12' };
    answers({ embeddings: [[0.5]], texts: ['x'] }, headers);
    const { usage } = await call(invoke('cohere.embed-v4:0', { texts: ['x'] }));
    expect(usage).toEqual({ input_tokens: 12, output_tokens: 0 });
    answers({ generation: 'x' }, headers);
    expect((await call(invoke('meta.llama3-8b-instruct-v1:0', { prompt: 'x' }))).usage).toBeUndefined();
  });

  it('without headers reads the answer’s own counts', async () => {
    answers({ usage: { inputTokens: 5, outputTokens: 6 }, stopReason: 'end_turn' });
    const answer = await call(invoke('amazon.nova-lite-v1:0', {}));
    expect(answer).toMatchObject({ stopReason: 'end_turn', usage: { input_tokens: 5, output_tokens: 6 } });
  });

  it('an answer that is no JSON is kept', async () => {
    respond = (response) => response.writeHead(200).end(Buffer.from([0xff, 0x00, 0x10]));
    expect(JSON.parse((await call(invoke('stability.x', {}))).body)).toEqual({ base64: '/wAQ' });
  });
});

describe('errors', () => {
  it.each([
    [429, 'ThrottlingException', 'Too many requests, please wait before trying again.', 'throttled'],
    [
      429,
      'ThrottlingException',
      'Too many tokens per day, please wait before trying again.',
      'throttled_daily',
    ],
    [429, 'ModelNotReadyException', 'Loading', 'transient'],
    [503, 'ServiceUnavailableException', 'Busy', 'transient'],
    [500, 'InternalServerException', 'Oops', 'transient'],
    [408, 'ModelTimeoutException', 'Slow', 'faulted'],
    [424, 'ModelErrorException', 'Broken', 'faulted'],
    [529, 'OverloadedException', 'Overloaded', 'transient'],
    [400, 'ValidationException', 'No such field', 'invalid'],
    [400, 'ServiceQuotaExceededException', 'Too much', 'faulted'],
    [403, 'AccessDeniedException', 'No access', 'denied'],
    [404, 'ResourceNotFoundException', 'No such model', 'denied'],
    [403, 'SomethingNewException', 'New', 'denied'],
    [422, 'SomethingNewException', 'New', 'invalid'],
  ])('%i %s "%s" is %4$s', async (status, type, message, kind) => {
    fails(status, type, message);
    const error = await errorOf(converse());
    expect(error).toBeInstanceOf(ModelError);
    expect(error).toMatchObject({ kind, type, message });
    expect(received).toHaveLength(1);
  });

  it('Retry-After is told', async () => {
    fails(503, 'ServiceUnavailableException', 'Busy', { 'retry-after': '7' });
    expect(await errorOf(converse())).toMatchObject({ retryAfterMs: 7_000 });
  });

  it.each(['overloaded', '{"message":"Overloaded"}', ''])(
    'what names no exception has its status for a name: %s',
    async (body) => {
      respond = (response) => response.writeHead(529).end(body);
      expect(await errorOf(converse())).toMatchObject({
        kind: 'transient',
        type: 'Http529',
        isAnswer: true,
      });
    },
  );

  it('of many words are cut: a result, and its record, must hold them', async () => {
    fails(400, 'ValidationException', `Value '${'x'.repeat(500_000)}' at 'messages' is not allowed`);
    const { message } = (await errorOf(converse())) as Error;
    expect(message).toMatch(/^Value 'xxx.*…$/);
    expect(message.length).toBeLessThan(5_000);
  });

  it('a new connection that is cut is transient, and is not tried again', async () => {
    respond = (response) => response.socket?.destroy();
    const fresh = clientAt(endpoint());
    await expect(bedrockRuntime(fresh).call(converse())).rejects.toMatchObject({
      kind: 'transient',
      isAnswer: false,
    });
    expect(received).toHaveLength(1);
    fresh.destroy();
  });

  it('a refused connection is transient', async () => {
    const nobody = clientAt('http://127.0.0.1:1');
    await expect(bedrockRuntime(nobody).call(converse())).rejects.toMatchObject({
      kind: 'transient',
      type: 'NetworkError',
    });
    nobody.destroy();
  });

  it('a call that no HTTP header can carry is invalid, and was not sent', async () => {
    const call = invoke('amazon.titan-text-lite-v1', {}, { guardrailIdentifier: 'a\nb' });
    const thrown = await bedrockRuntime(client)
      .call(call)
      .catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(ModelError);
    expect(thrown).toMatchObject({ kind: 'invalid', type: 'ValidationException', isAnswer: true });
    expect(received).toEqual([]);
  });

  it('no answer within the deadline is known as such', async () => {
    respond = () => undefined;
    expect(await errorOf(converse({}, 1_000))).toMatchObject({
      kind: 'timed_out',
      type: 'TimeoutError',
      message: 'No answer within 1 seconds',
    });
  });

  it('an error of neither Bedrock nor the network passes as it is', async () => {
    const broken = bedrockClient({
      region: 'eu-west-1',
      credentials: () => Promise.reject(new Error('no credentials')),
    });
    const failed = bedrockRuntime(broken).call(converse());
    await expect(failed).rejects.toThrow('no credentials');
    await expect(failed).rejects.not.toBeInstanceOf(ModelError);
    broken.destroy();
  });
});

it('against the simulator: an answer within quota, a throttle over it', async () => {
  const simulator = await startBedrockSimulator({ requestsPerMinute: 1, latencyMedianMs: 1 });
  const simulated = clientAt(simulator.url);
  try {
    const request = converse({
      messages: [{ role: 'user', content: [{ text: 'Hello' }] }],
      inferenceConfig: { maxTokens: 50 },
    });
    const answer = await bedrockRuntime(simulated).call(request);
    expect(answer.usage?.output_tokens).toBeGreaterThan(0);
    await expect(bedrockRuntime(simulated).call(request)).rejects.toMatchObject({ kind: 'throttled' });
  } finally {
    simulated.destroy();
    await simulator.close();
  }
});
