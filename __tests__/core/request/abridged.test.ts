import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withGrantedMaxTokens } from '../../../src/core/invocation/granted-max-tokens.ts';
import { abridged, inFull } from '../../../src/core/request/abridged.ts';
import { bodyBytes, readAbridged, readPayload } from '../../../src/core/request/payload.ts';
import type { RequestRecord } from '../../../src/core/request/record.ts';

/** Short ones, long ones, and such as look like what stands for a long one. */
const anyString = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('\u0000', '\u00000', '\u00007 and more', '\\u00000', '"\u00000"', '\\', 'a"b\\"c\\\\'),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 5 }).map((it) => it.repeat(5_000)),
);
const anyJson = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    anyString,
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom(null, true),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(anyString, tie('value'), { maxKeys: 4 }),
  ),
})).value;

describe('a JSON text without its long strings', () => {
  it('is JSON, short, and in full what it was', () => {
    fc.assert(
      fc.property(anyJson, fc.constantFrom(undefined, 2), (value, indent) => {
        const json = JSON.stringify(value, null, indent);
        const short = abridged(Buffer.from(json));
        expect(inFull(short).toString()).toBe(json);
        const strings = short.text.match(/"(\\.|[^"\\])*"/g) ?? [];
        expect(Math.max(0, ...strings.map((it) => Buffer.byteLength(it)))).toBeLessThan(1_100);
        expect(() => JSON.parse(short.text)).not.toThrow();
      }),
      { numRuns: 200 },
    );
  });

  it('keeps nothing apart of a short text', () => {
    const json = '{"a":"b\\\\","c":["\\"",1]}';
    expect(abridged(Buffer.from(json))).toEqual({ text: json, strings: [] });
  });

  it('leaves broken JSON as it is, and reading it fails', () => {
    for (const broken of ['"', '{"a":"b', '"\\"', `"${'x'.repeat(5_000)}`]) {
      expect(abridged(Buffer.from(broken))).toEqual({ text: broken, strings: [] });
      expect(() => readAbridged(abridged(Buffer.from(broken)))).toThrow(SyntaxError);
    }
  });
});

describe('an abridged call', () => {
  const image = 'iVBORw0KGgo='.repeat(100_000);
  const converse = {
    messages: [{ role: 'user', content: [{ text: '\u00000' }, { image: { source: { bytes: image } } }] }],
  };
  const body = { anthropic_version: 'bedrock-2023-05-31', messages: [{ role: 'user', content: image }] };
  const parameters = { content_type: 'application/json', accept: 'application/json' };
  const released = {
    lane: 'anthropic.claude-haiku-4-5-20251001-v1:0',
    granted_max_tokens: 77,
  } as RequestRecord;

  it.each([
    { v: 1, operation: 'converse', converse },
    { v: 1, operation: 'invoke_model', invoke_model: { body, ...parameters } },
  ])(
    'of $operation is sent with the max tokens of its release, byte for byte as one that was read whole',
    (payload) => {
      const stored = Buffer.from(JSON.stringify(payload));
      const short = withGrantedMaxTokens(released, readAbridged(abridged(stored)));
      const whole = withGrantedMaxTokens(released, readPayload(stored));
      expect(short.body.length).toBeLessThan(500);
      expect(whole.body).toContain('77');
      expect(bodyBytes(short).equals(bodyBytes(whole))).toBe(true);
    },
  );
});
