import { describe, expect, it } from 'vitest';
import { memoryViolation } from '../../../src/core/invocation/memory.ts';
import { abridged } from '../../../src/core/request/abridged.ts';

function violationOf(content: object[], memoryMegabytes: number) {
  const payload = Buffer.from(
    JSON.stringify({ v: 1, operation: 'converse', converse: { messages: [{ role: 'user', content }] } }),
  );
  const textBytes = Buffer.byteLength(abridged(payload).text);
  return memoryViolation({ bytes: payload.length, textBytes }, memoryMegabytes);
}

describe('what a worker holds', () => {
  const documents = (bytes: number) =>
    Array.from({ length: 5 }, () => ({ document: { source: { bytes: 'A'.repeat(bytes / 5) } } }));

  it('is, by default, the largest call that Bedrock takes', () => {
    expect(violationOf(documents(25_000_000), 256)).toBeUndefined();
    expect(violationOf(documents(25_000_000), 240)?.message).toMatch(/needs a worker of 2\d\d MB/);
  });

  it('is less of a text in short pieces, which is read as a whole', () => {
    const text = (pieces: number) => Array.from({ length: pieces }, () => ({ text: 'x'.repeat(1_000) }));
    expect(violationOf(text(8_000), 256)).toBeUndefined();
    expect(violationOf(text(10_000), 256)?.type).toBe('PayloadTooLarge');
  });
});
