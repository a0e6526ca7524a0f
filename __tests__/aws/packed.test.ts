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
  it('gives back every text as it was, to the byte', async () => {
    await fc.assert(
      fc.asyncProperty(fc.json({ noUnicodeString: false }), async (json) => {
        expect(Buffer.from(await unpacked(await packed(json))).toString()).toBe(json);
      }),
      { numRuns: 30 },
    );
  });

  it('takes less room for a text, and never more', async () => {
    const long = JSON.stringify(payload);
    expect((await packed(long)).length).toBeLessThan(long.length / 2);
    expect((await packed('{}')).length).toBe(2);
  });

  it('reads what earlier releases kept as it came', async () => {
    const kept = Buffer.from(JSON.stringify(payload));
    expect(readPayload(await unpacked(kept)).payload).toEqual(payload);
  });

  it('is unreadable to an earlier release, which sets the request aside, and not missing or another call', async () => {
    const kept = await packed(JSON.stringify(payload));
    expect(() => readPayload(kept)).toThrow(SyntaxError);
  });
});
