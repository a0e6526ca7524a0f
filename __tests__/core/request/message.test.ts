import { describe, expect, it } from 'vitest';
import { contentHash, type Request } from '../../../src/core/request/request.ts';
import { HELLO, MODEL, problemsIn, read, requestOf, withContent } from './reading.ts';

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
