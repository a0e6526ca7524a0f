import { describe, expect, it } from 'vitest';
import { readMessage } from '../../../src/core/request/message.ts';
import { describeProblems } from '../../../src/core/request/problem.ts';
import { contentHash, type Request } from '../../../src/core/request/request.ts';

const MODEL = 'anthropic.claude-3-haiku-20240307-v1:0';
const LIMITS = { longestWaitSeconds: 6 * 86_400 };
const HELLO = { messages: [{ role: 'user', content: [{ text: 'hello' }] }] };

function read(value: unknown) {
  return readMessage(typeof value === 'string' ? value : JSON.stringify(value), LIMITS);
}

function requestOf(value: unknown) {
  const reading = read(value);
  if (reading.kind === 'invalid') throw new Error(describeProblems(reading.problems));
  if (reading.kind !== 'request') throw new Error(`a ${reading.kind}`);
  return reading.request;
}

function problemsIn(value: unknown): string {
  const reading = read(value);
  return reading.kind === 'invalid' ? describeProblems(reading.problems) : 'accepted';
}

/** A message with this content in its only message. */
function withContent(...content: unknown[]) {
  return { model_id: MODEL, converse: { messages: [{ role: 'user', content }] } };
}

describe('if_too_late', () => {
  const late = (fields: object) => ({ model_id: MODEL, converse: HELLO, max_wait_seconds: 60, ...fields });

  it('accept is the default, refuse is another request', () => {
    const unset = requestOf(late({}));
    expect(requestOf(late({ if_too_late: 'accept' }))).toEqual(unset);
    expect(requestOf(late({ if_too_late: 'refuse' }))).toEqual({ ...unset, if_too_late: 'refuse' });
  });

  it('is one of two words', () => {
    expect(problemsIn(late({ if_too_late: 'no' }))).toBe(
      'if_too_late: must be one of "accept", "refuse", got "no"',
    );
  });

  it('needs a deadline', () => {
    expect(problemsIn(late({ if_too_late: 'refuse', max_wait_seconds: undefined }))).toBe(
      'if_too_late: must be given beside max_wait_seconds or deadline only',
    );
  });
});

describe('accept_truncated', () => {
  it('unsaid and false are the same request, true is another', () => {
    const [unsaid, no, yes] = [{}, { accept_truncated: false }, { accept_truncated: true }].map((said) =>
      requestOf({ model_id: MODEL, converse: HELLO, ...said }),
    );
    expect(no).toEqual(unsaid);
    expect(yes).toEqual({ ...unsaid, accept_truncated: true });
    expect(contentHash(yes as Request)).not.toBe(contentHash(unsaid as Request));
  });

  it('is true or false', () => {
    expect(problemsIn({ model_id: MODEL, converse: HELLO, accept_truncated: 'yes' })).toBe(
      'accept_truncated: must be true or false, got "yes"',
    );
  });
});

describe('the accepted forms', () => {
  it('Converse', () => {
    expect(
      requestOf({ request_id: 'r1', model_id: MODEL, priority: 1, tenant: 't', converse: HELLO }),
    ).toEqual({
      request_id: 'r1',
      model_id: MODEL,
      priority: 1,
      tenant: 't',
      call: { v: 1, operation: 'converse', converse: HELLO },
      body: JSON.stringify(HELLO),
    });
  });

  it('InvokeModel, its body as an object or as JSON text', () => {
    const body = { anthropic_version: 'bedrock-2023-05-31', max_tokens: 5, messages: [] };
    const asObject = requestOf({ model_id: MODEL, invoke_model: { body } });
    expect(asObject.call).toEqual({
      v: 1,
      operation: 'invoke_model',
      invoke_model: { body, content_type: 'application/json', accept: 'application/json' },
    });
    expect(requestOf({ model_id: MODEL, invoke_model: { body: JSON.stringify(body) } })).toEqual(asObject);
  });

  it("the original's messages, with text in place of blocks", () => {
    const request = requestOf({
      model_id: MODEL,
      messages: [
        { role: 'user', content: 'hello' },
        { role: 'assistant', content: [{ text: 'hi' }] },
      ],
      system: 'be brief',
    });
    expect(request).toMatchObject({ priority: 3, tenant: 'default' });
    expect(request.call).toEqual({
      v: 1,
      operation: 'converse',
      converse: {
        messages: [
          { role: 'user', content: [{ text: 'hello' }] },
          { role: 'assistant', content: [{ text: 'hi' }] },
        ],
        system: [{ text: 'be brief' }],
      },
    });
  });

  it('a batch-inference record, whose id is not the identity', () => {
    const request = requestOf({ model_id: MODEL, recordId: 'REC0001', modelInput: { max_tokens: 5 } });
    expect(request.request_id).toBeUndefined();
    expect(request.record_id).toBe('REC0001');
    expect(request.call).toMatchObject({
      operation: 'invoke_model',
      invoke_model: { body: { max_tokens: 5 } },
    });
  });

  it('a pointer, with or without a version', () => {
    const s3 = { bucket: 'calls', key: 'inbox/a/b.json', version_id: 'v1' };
    expect(read({ s3 })).toEqual({ kind: 'pointer', pointer: s3, usable: {} });
    expect(read({ s3, results: 'record' })).toEqual({
      kind: 'pointer',
      pointer: s3,
      usable: { results: 'record' },
    });
  });

  it('every kind of content block', () => {
    const bytes = Buffer.from('bytes').toString('base64');
    const blocks = [
      { image: { format: 'png', source: { bytes } } },
      {
        image: {
          format: 'png',
          source: { s3Location: { uri: 's3://bucket/key', bucketOwner: '123456789012' } },
        },
      },
      { document: { format: 'pdf', name: 'My report (1)', source: { bytes }, citations: { enabled: true } } },
      { document: { name: 'd', source: { content: [{ text: 'x' }] } } },
      { video: { format: 'three_gp', source: { bytes } } },
      { audio: { format: 'mp3', source: { bytes } } },
      { toolUse: { toolUseId: 't1', name: 'tool', input: { any: { depth: [1, null] } } } },
      { toolResult: { toolUseId: 't1', content: [{ json: null }, { text: '' }], status: 'error' } },
      { guardContent: { text: { text: 'x', qualifiers: ['query'] } } },
      { cachePoint: { type: 'default', ttl: '1h' } },
      { reasoningContent: { reasoningText: { text: 'x', signature: 's' } } },
      { reasoningContent: { redactedContent: bytes } },
      { citationsContent: { content: [{ text: 'x' }], citations: [{ title: 't' }] } },
      { searchResult: { source: 's', title: 't', content: [{ text: 'x' }] } },
      { toolAddition: { tool: { name: 't' } } },
    ];
    const { call } = requestOf(withContent(...blocks));
    expect(call).toMatchObject({ converse: { messages: [{ role: 'user', content: blocks }] } });
  });

  it('every field of Converse, and opaque JSON as it is', () => {
    const schema = { type: 'object', properties: { n: { maximum: 2 ** 53 - 1 } }, constructor: {} };
    const converse = {
      ...HELLO,
      system: [{ text: 's' }, { cachePoint: { type: 'default' } }],
      inferenceConfig: { maxTokens: 1, temperature: 0, topP: 1, stopSequences: ['x'] },
      toolConfig: {
        tools: [{ toolSpec: { name: 't', inputSchema: { json: schema } } }],
        toolChoice: { auto: {} },
      },
      guardrailConfig: { guardrailIdentifier: 'g', guardrailVersion: 'DRAFT', trace: 'enabled' },
      additionalModelRequestFields: { top_k: 5, thinking: { type: 'enabled' } },
      additionalModelResponseFieldPaths: ['/stop_sequence'],
      requestMetadata: { team: 'a' },
      performanceConfig: { latency: 'optimized' },
      serviceTier: { type: 'flex' },
      outputConfig: { textFormat: { type: 'json_schema', structure: { jsonSchema: { schema: '{}' } } } },
    };
    expect(requestOf({ model_id: MODEL, converse }).call).toEqual({ v: 1, operation: 'converse', converse });
  });

  it('needs no messages when the model id is a stored prompt', () => {
    const prompt = 'arn:aws:bedrock:us-east-1:123456789012:prompt/ABCDEFGHIJ:1';
    expect(
      requestOf({ model_id: prompt, converse: { promptVariables: { a: { text: 'x' } } } }).model_id,
    ).toBe(prompt);
    expect(problemsIn({ model_id: MODEL, converse: {} })).toMatch(/^converse\.messages: missing/);
  });
});

describe('a rejection names field, expectation and value', () => {
  const valid = { model_id: MODEL, converse: HELLO };
  it.each<[unknown, string]>([
    ['not json', 'message: must be JSON, got text of 8 characters that is not JSON'],
    ['[]', 'message: must be an object, got an empty list'],
    ['null', 'message: must be an object, got null'],
    [
      { model_id: MODEL },
      'message: must have one of converse, invoke_model, messages, modelInput, has none of them',
    ],
    [
      { ...valid, messages: [] },
      'message: must have only one of converse, invoke_model, messages, modelInput, has converse and messages',
    ],
    [{ converse: HELLO }, 'model_id: missing'],
    [{ ...valid, model_id: 'a|b' }, 'model_id: must be a model id, profile id or ARN, got "a|b"'],
    [{ ...valid, priority: 0 }, 'priority: must be a whole number from 1 to 5, got 0'],
    [{ ...valid, priority: '1' }, 'priority: must be a whole number from 1 to 5, got "1"'],
    [{ ...valid, priorty: 1 }, 'priorty: unknown field'],
    [{ ...valid, request_id: 'a b' }, 'request_id: must be a letter or digit, then'],
    [
      { ...valid, request_id: 'x'.repeat(129) },
      'request_id: must be text of at most 128 characters, got text of 129',
    ],
    [{ ...valid, tenant: 'a|b' }, 'tenant: must be a letter or digit, then'],
    [{ ...valid, max_wait_seconds: 0 }, 'max_wait_seconds: must be a whole number from 1, got 0'],
    [{ ...valid, max_wait_seconds: 1.5 }, 'max_wait_seconds: must be a whole number from 1, got 1.5'],
    [{ ...valid, max_wait_seconds: 518_401 }, 'max_wait_seconds: must be at most 518400 '],
    [{ ...valid, metadata: 'x'.repeat(17_000) }, 'metadata: must be at most 16384 bytes of JSON'],
    [
      `{"model_id":"${MODEL}","converse":${JSON.stringify(HELLO)},"metadata":12345678901234567890}`,
      'metadata: must be integers within',
    ],
    [withContent({ text: 5 }), 'converse.messages[0].content[0].text: must be text, got 5'],
    [
      withContent({ text: ' ' }),
      'converse.messages[0].content[0].text: must be text that is not blank, got " "',
    ],
    [withContent({ text: 'a', image: {} }), 'converse.messages[0].content[0]'],
    [withContent({}), 'converse.messages[0].content[0]: must be an object with exactly one of text, image'],
    [withContent(), 'converse.messages[0].content: must be a list of at least 1 item, got an empty list'],
    [
      withContent({ image: { format: 'png', source: { bytes: 'not base64!' } } }),
      'converse.messages[0].content[0].image.source.bytes: must be base64, got "not base64!"',
    ],
    [
      withContent({ document: { format: 'pdf', name: 'a_b', source: { text: 'x' } } }),
      'converse.messages[0].content[0].document.name: must be letters, digits, hyphens',
    ],
    [
      { model_id: MODEL, converse: { ...HELLO, inferenceConfig: { temperature: 2 } } },
      'converse.inferenceConfig.temperature: must be a number from 0 to 1, got 2',
    ],
    [
      { model_id: MODEL, converse: { ...HELLO, requestMetadata: { ä: 'x' } } },
      'converse.requestMetadata: names must be letters',
    ],
    [{ model_id: MODEL, converse: { ...HELLO, modelId: MODEL } }, 'converse.modelId: unknown field'],
    [{ model_id: MODEL, invoke_model: { body: 'x' } }, 'invoke_model.body: must be an object, got "x"'],
    [
      { model_id: MODEL, invoke_model: { body: {}, content_type: 'text/plain' } },
      'invoke_model.content_type: must be application/json, got "text/plain"',
    ],
    [{ s3: { bucket: 'calls', key: 'payloads/x' } }, 's3.key: must be a key below inbox/'],
    [{ s3: { bucket: 'calls', key: 'inbox/../payloads/x' } }, 's3.key: must be a key below inbox/'],
    [{ s3: { bucket: 'calls', key: 'inbox//x' } }, 's3.key: must be a key below inbox/'],
    [{ s3: { bucket: 'calls', key: 'inbox/x' }, request_id: 'r' }, 'request_id: unknown field'],
    [`{"model_id":"${MODEL}","converse":{"__proto__":{}}}`, 'converse.__proto__: not allowed as a name'],
    [
      `{"model_id":"${MODEL}","invoke_model":{"body":{"n":1e999}}}`,
      'invoke_model.body.n: must be a number of at most',
    ],
    [
      `{"metadata":${'['.repeat(400_000)}${']'.repeat(400_000)}}`,
      'metadata[0][0]: must not be nested deeper than 64 levels',
    ],
  ])('%#', (value, text) => {
    expect(problemsIn(value).slice(0, text.length)).toBe(text);
  });

  it('reports the first five problems, and how many more there are', () => {
    const message = {
      ...withContent({ text: 1 }, { text: 2 }, { text: 3 }, { text: 4 }),
      priority: 9,
      tenant: '',
    };
    const [line = ''] = [problemsIn(message)];
    expect(line.split('; ')).toHaveLength(6);
    expect(line).toMatch(/; and \d+ more$/);
    expect(problemsIn(message)).toBe(line);
  });

  it('shows no long value', () => {
    const secret = 'a secret that is longer than what a rejection may show of it';
    expect(problemsIn(withContent({ toolUse: { toolUseId: secret, name: 't', input: {} } }))).not.toContain(
      'secret',
    );
  });

  it('keeps what it can echo', () => {
    const reading = read({ request_id: 'r1', model_id: 5, priority: 2, tenant: 'a|b', metadata: { a: 1 } });
    expect(reading).toMatchObject({ usable: { request_id: 'r1', priority: 2, metadata: { a: 1 } } });
    expect(reading).not.toHaveProperty('usable.tenant');
    expect(reading).not.toHaveProperty('usable.model_id');
  });
});

describe('max tokens in a body', () => {
  const problemsWith = (max_tokens: number) => problemsIn({ model_id: MODEL, modelInput: { max_tokens } });

  it.each([-1, 1.5, 2 ** 53, 1e21])('cannot be %d: a reservation is counted from it', (max_tokens) => {
    expect(problemsWith(max_tokens)).toBe(
      `modelInput: max tokens must be a whole number from 0, got ${max_tokens}`,
    );
  });

  it('can be any whole number', () => {
    expect(problemsWith(Number.MAX_SAFE_INTEGER)).toBe('accepted');
  });
});

it('a model id that no key can hold is refused', () => {
  expect(problemsIn({ model_id: 'x'.repeat(513), converse: HELLO })).toMatch(
    /^model_id: must be text of at most 512/,
  );
});

it('a name that would not be seen is quoted', () => {
  expect(problemsIn({ model_id: MODEL, converse: HELLO, '': 1, ' ': 2 })).toMatch(
    /^\[""\]: unknown field; \[" "\]: unknown field/,
  );
});

describe('what the producer wrote', () => {
  const hi = JSON.stringify(HELLO);

  it('may begin with a byte order mark', () => {
    expect(requestOf(`\uFEFF{"model_id":"${MODEL}","converse":${hi}}`).body).toBe(hi);
  });

  it.each([
    [`{"model_id":"${MODEL}","model_id":"x","converse":${hi}}`, 'model_id: given twice'],
    [
      `{"model_id":"${MODEL}","modelInput":{"messages":[{"a":1,"a":2}]}}`,
      'modelInput.messages[0].a: given twice',
    ],
    [
      JSON.stringify({ model_id: MODEL, invoke_model: { body: '{"max_tokens":1,"max_tokens":9}' } }),
      'invoke_model.body.max_tokens: given twice',
    ],
  ])('must not say two things at once: %#', (text, problem) => {
    expect(problemsIn(text)).toBe(problem);
  });

  it('tells requests apart by the last digit, and not by spaces', () => {
    const [one, other, spaced] = ['9007199254740993', '9007199254740992', ' 9007199254740993 '].map((seed) =>
      contentHash(requestOf(`{"model_id":"${MODEL}","modelInput":{"seed":${seed}}}`)),
    );
    expect(one).not.toBe(other);
    expect(one).toBe(spaced);
  });
});
