import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../../src/core/request/canonical.ts';
import { readMessage } from '../../../src/core/request/message.ts';
import { describeProblems } from '../../../src/core/request/problem.ts';
import { contentHash, type Request } from '../../../src/core/request/request.ts';

const LIMITS = { longestWaitSeconds: 1_000 };
const MODEL = 'anthropic.claude-3-haiku-20240307-v1:0';

const id = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._:@=+-]{0,20}$/);
const json = fc.jsonValue({ maxDepth: 3 });
const text = fc.string({ unit: 'binary' }).map((value) => `.${value}`);
const block = fc.oneof(
  fc.record({ text }),
  fc.record({
    toolUse: fc.record({
      toolUseId: id.filter((v) => !/[@=+]/.test(v)),
      name: fc.constant('t'),
      input: fc.constant({ a: 1 }),
    }),
  }),
  fc.record({
    image: fc.record({
      format: fc.constant('png'),
      source: fc.record({
        bytes: fc.uint8Array({ minLength: 1 }).map((v) => Buffer.from(v).toString('base64')),
      }),
    }),
  }),
);
const messages = fc.array(
  fc.record({
    role: fc.constantFrom('user', 'assistant'),
    content: fc.array(block, { minLength: 1, maxLength: 3 }),
  }),
  { minLength: 1, maxLength: 3 },
);
const envelope = {
  model_id: fc.constant(MODEL),
  request_id: fc.option(id, { nil: undefined }),
  priority: fc.option(fc.constantFrom(1, 2, 3, 4, 5), { nil: undefined }),
  tenant: fc.option(id, { nil: undefined }),
  task: fc.option(id, { nil: undefined }),
  max_wait_seconds: fc.option(fc.integer({ min: 1, max: 1_000 }), { nil: undefined }),
  metadata: fc.option(fc.record({ a: fc.integer(), b: text }), { nil: undefined }),
};
const valid = fc.oneof(
  fc.record({ ...envelope, converse: fc.record({ messages }) }),
  fc.record({ ...envelope, messages, system: fc.option(text, { nil: undefined }) }),
  fc.record({ ...envelope, invoke_model: fc.record({ body: fc.constant({ max_tokens: 1, prompt: 'x' }) }) }),
  fc.record({ ...envelope, recordId: id, modelInput: fc.constant({ max_tokens: 1 }) }),
);

function requestOf(value: unknown): Request {
  const reading = readMessage(JSON.stringify(value), LIMITS);
  if (reading.kind === 'request') return reading.request;
  throw new Error(reading.kind === 'invalid' ? describeProblems(reading.problems) : reading.kind);
}

/** The request in the form that a producer would write. */
function written({ call, record_id: _, body: __, ...rest }: Request): unknown {
  return call.operation === 'converse'
    ? { ...rest, converse: call.converse }
    : { ...rest, invoke_model: call.invoke_model };
}

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).reverse();
  return Object.fromEntries(entries.map(([key, inner]) => [key, reversed(inner)]));
}

describe('reading any message', () => {
  it('accepts it or says why not, whatever it is', () => {
    const anything = fc.oneof(
      fc.string({ unit: 'binary' }),
      json.map((value) => JSON.stringify(value)),
      fc.json(),
      fc
        .record({ model_id: json, converse: json, priority: json, metadata: json })
        .map((v) => JSON.stringify(v)),
      fc
        .record({
          model_id: fc.constant(MODEL),
          messages: fc.array(fc.record({ role: json, content: json })),
          system: json,
        })
        .map((v) => JSON.stringify(v)),
    );
    fc.assert(
      fc.property(anything, (body) => {
        const reading = readMessage(body, LIMITS);
        if (reading.kind === 'invalid') {
          expect(describeProblems(reading.problems)).toMatch(/: ./s);
          expect(describeProblems(reading.problems).length).toBeLessThan(5_000);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('accepts what is valid, and reading what it made of it changes nothing', () => {
    fc.assert(
      fc.property(valid, (message) => {
        const request = requestOf(message);
        const again = requestOf(written(request));
        expect({ ...again, record_id: request.record_id, body: '' }).toEqual({ ...request, body: '' });
        expect(JSON.parse(again.body)).toEqual(JSON.parse(request.body));
      }),
    );
  });

  it('keeps the hash when fields change places, and changes it with any content', () => {
    fc.assert(
      fc.property(valid, valid, (one, other) => {
        expect(contentHash(requestOf(reversed(one)))).toBe(contentHash(requestOf(one)));
        const a = { ...requestOf(one), request_id: undefined, body: '' };
        const b = { ...requestOf(other), request_id: undefined, body: '' };
        expect(contentHash(a) === contentHash(b)).toBe(canonicalJson(a) === canonicalJson(b));
      }),
    );
  });

  it('hashes each part of the content, and not the id', () => {
    const base = requestOf({ request_id: 'a', model_id: MODEL, modelInput: { n: 1 } });
    const others: Partial<Request>[] = [
      { model_id: 'x' },
      { priority: 1 },
      { tenant: 't' },
      { task: 't' },
      { max_wait_seconds: 1 },
      { metadata: null },
      { record_id: 'r' },
      { call: { v: 1, operation: 'converse', converse: {} } },
    ];
    const hashes = [base, ...others.map((other) => ({ ...base, ...other }))].map(contentHash);
    expect(new Set(hashes).size).toBe(hashes.length);
    expect(contentHash({ ...base, request_id: 'b' })).toBe(hashes[0]);
  });
});

describe('canonical JSON', () => {
  it('is JSON of the same value, the same for every order of names', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(reversed(value))).toBe(canonicalJson(value));
      }),
    );
  });
});
