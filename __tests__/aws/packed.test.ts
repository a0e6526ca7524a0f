import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packed, unpacked } from '../../src/aws/packed.ts';
import { readPayload } from '../../src/core/request/payload.ts';

const text = 'Answer the question of a customer, and use only what the page says. '.repeat(20);
const payload = {
  v: 1,
  operation: 'converse',
  converse: { messages: [{ role: 'user', content: [{ text }] }] },
};

describe('small payloads as they are kept', () => {
  it('gives back every text as it was, to the byte', () => {
    fc.assert(
      fc.property(fc.json({ noUnicodeString: false }), (json) => {
        expect(Buffer.from(unpacked(packed(json))).toString()).toBe(json);
      }),
      { numRuns: 30 },
    );
  });

  it('takes less room for a text, and never more', () => {
    const long = JSON.stringify(payload);
    expect(packed(long).length).toBeLessThan(long.length / 2);
    expect(packed('{}').length).toBe(2);
  });

  it('reads what earlier releases kept as it came', () => {
    const kept = Buffer.from(JSON.stringify(payload));
    expect(readPayload(unpacked(kept)).payload).toEqual(payload);
  });

  it('is unreadable to an earlier release, which sets the request aside, and not missing or another call', () => {
    const kept = packed(JSON.stringify(payload));
    expect(() => readPayload(kept)).toThrow(SyntaxError);
  });
});
