import { validateHeaderValue } from 'node:http';
import { describe, expect, it } from 'vitest';
import { HELLO, MODEL, problemsIn, read, withContent } from './reading.ts';

describe('a rejection names field, expectation and value', () => {
  const valid = { model_id: MODEL, converse: HELLO };
  it.each<[unknown, string]>([
    ['not json', 'message: must be JSON, got text of 8 characters that stops being JSON at line 1, column 1'],
    ['', 'message: must be JSON, got text of 0 characters that stops being JSON at line 1, column 1'],
    [
      '{"a": 1} {"b": 2}',
      'message: must be JSON, got text of 17 characters that stops being JSON at line 1, column 10',
    ],
    ['{"model_id": "a"', 'message: must be JSON, got text of 16 characters that ends before its JSON does'],
    ['{"model_id": "a', 'message: must be JSON, got text of 15 characters that ends before its JSON does'],
    ['{"model_i', 'message: must be JSON, got text of 9 characters that ends before its JSON does'],
    ['['.repeat(400_000), 'message: must be JSON, got text of 400000 characters that is not JSON'],
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
    [
      { ...valid, metadata: { a: 'x'.repeat(17_000) } },
      'metadata: must be at most 16384 bytes of JSON, got 17008 bytes',
    ],
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
    [
      { model_id: MODEL, invoke_model: { body: 5 } },
      'invoke_model.body: must be an object or its JSON text, got 5',
    ],
    [
      { model_id: MODEL, invoke_model: { body: '{"a":1,}' } },
      'invoke_model.body: must be an object or its JSON text (this text stops being JSON at line 1, column 8), got',
    ],
    [
      { model_id: MODEL, invoke_model: { body: '"abc"' } },
      'invoke_model.body: must be an object or its JSON text, got "\\"abc\\""',
    ],
    [
      { model_id: MODEL, messages: [{ role: 'user', content: 5 }] },
      'messages[0].content: must be text or a list, got 5',
    ],
    [
      { model_id: MODEL, messages: [{ role: 'user', content: [] }] },
      'messages[0].content: must be a list of at least 1 item, got an empty list',
    ],
    [{ model_id: MODEL, messages: HELLO.messages, system: 5 }, 'system: must be text or a list, got 5'],
    [{ ...valid, system: 's' }, 'system: must not be given beside converse'],
    [
      { model_id: MODEL, invoke_model: { body: {}, content_type: 'text/plain' } },
      'invoke_model.content_type: must be application/json, got "text/plain"',
    ],
    [{ s3: { bucket: 'calls', key: 'payloads/x' } }, 's3.key: must be a key below inbox/'],
    [{ s3: { bucket: 'calls', key: 'inbox/../payloads/x' } }, 's3.key: must be a key below inbox/'],
    [{ s3: { bucket: 'calls', key: 'inbox//x' } }, 's3.key: must be a key below inbox/'],
    [
      { s3: { bucket: 'calls', key: 'inbox/x' }, request_id: 'r', bucket: 'b' },
      'request_id: must not be given beside s3; bucket: unknown field',
    ],
    [{ cancel: 'r', model_id: MODEL }, 'model_id: must not be given beside cancel'],
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

  it('says of far too many that there are many', () => {
    const content = Array.from({ length: 150_000 }, () => ({}));
    const message = { model_id: MODEL, converse: { messages: [{ role: 'user', content }] } };
    // How many fit on the stack, Node decides.
    expect(problemsIn(message)).toMatch(/^message: has more mistakes than can be listed$|and \d+ more$/);
  });

  it.each([
    ['members', { modelInput: Object.fromEntries(Array.from({ length: 200_001 }, (_, i) => [`n${i}`, i])) }],
    ['items', { modelInput: { numbers: Array(200_001).fill(1) } }],
    ['objects of a text', { invoke_model: { body: `{"a":[${'{},'.repeat(200_001)}{}]}` } }],
  ])('refuses more values than ingestion has memory for: %s', (_, call) => {
    expect(problemsIn({ model_id: MODEL, ...call })).toMatch(
      /^message: must not have more than 200000 values/,
    );
  });

  it('says once that a text is empty', () => {
    const empty = { request_id: '', model_id: '', tenant: '', results: '', converse: HELLO };
    expect(problemsIn(empty).split('; ')).toEqual([
      expect.stringMatching(/^request_id: must be a letter or digit.* got ""$/),
      'model_id: must be a model id, profile id or ARN, got ""',
      expect.stringMatching(/^tenant: must be a letter or digit.* got ""$/),
      'results: must be record, or the name of a results queue, got ""',
    ]);
    expect(problemsIn({ cancel: '' }).split('; ')).toHaveLength(1);
  });

  it.each([
    ['{"metadata": NaN}', 'line 1, column 14'],
    ["{'model_id': 'a'}", 'line 1, column 2'],
    ['{\n  "a": 1,\n  "b": True\n}', 'line 3, column 8'],
    ['{"a": 1,}', 'line 1, column 9'],
    ['// a\n{}', 'line 1, column 1'],
    ['{"a": "two\nlines"}', 'line 1, column 7'],
  ])('says where a text stops being JSON: %j', (text, place) => {
    expect(problemsIn(text)).toContain(`stops being JSON at ${place}`);
  });

  it('says of a message without a call what is wrong with the rest, and nothing of what is right', () => {
    const rest = { model_id: MODEL, system: 's', recordId: 'r', priority: 9 };
    expect(problemsIn(rest)).toMatch(/^message: must have one of [^;]*; priority: must be [^;]*$/);
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

it.each([
  (text: string) => ({ content_type: `application/json;${text}` }),
  (text: string) => ({ accept: `application/json${text}` }),
  (text: string) => ({ guardrailIdentifier: text, guardrailVersion: '1' }),
  (text: string) => ({ requestMetadata: { key: text } }),
  (text: string) => ({ requestMetadata: { [text]: 'value' } }),
])('what InvokeModel sends in a header has no character that a header cannot carry (%#)', (parameters) => {
  const odd = [
    '\0',
    '\u0001',
    '\t',
    '\n',
    '\r',
    '\v',
    '\x7f',
    '\u0085',
    '\u2028',
    '\u3000',
    '\ufeff',
    '\u65e5',
    '\ud83d\ude00',
  ];
  for (const character of odd) {
    const call = parameters(`a${character}b`);
    if (problemsIn({ model_id: MODEL, invoke_model: { body: {}, ...call } }) !== 'accepted') continue;
    for (const sent of Object.values(call)) {
      const text = typeof sent === 'string' ? sent : JSON.stringify(sent);
      expect(() => validateHeaderValue('header', text), JSON.stringify(text)).not.toThrow();
    }
  }
});
