import { describe, expect, it } from 'vitest';
import type { Payload } from '../../../src/core/request/payload.ts';
import { estimateInput } from '../../../src/core/request/tokens.ts';

const CLAUDE = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';

function converse(content: unknown[], rest: Record<string, unknown> = {}): Payload {
  return { v: 1, operation: 'converse', converse: { messages: [{ role: 'user', content }], ...rest } };
}

function tokensOf(content: unknown[], modelId = CLAUDE): number {
  return estimateInput(modelId, converse(content)).tokens;
}

const bytes = (count: number) => Buffer.alloc(count, 7).toString('base64');

describe('the input estimate', () => {
  it.each([
    // [text, tokens that tokenizers in use make of it, about]
    ['The quick brown fox jumps over the lazy dog. '.repeat(100), 1000],
    ['東京は日本の首都です。'.repeat(100), 900],
    ['{"a":[1,2,3],"b":{"c":null}}'.repeat(100), 1500],
    ['if (x !== y) { return f(z)[0]; }\n'.repeat(100), 1400],
  ])('of text is not too small and at most double: %#', (text, real) => {
    const estimate = tokensOf([{ text }]);
    expect(estimate).toBeGreaterThanOrEqual(real);
    expect(estimate).toBeLessThan(real * 2);
  });

  it('counts UTF-8 bytes', () => {
    const empty = estimateInput(CLAUDE, converse([{ text: '' }])).bytes;
    const text = 'aé東🚀1{';
    expect(estimateInput(CLAUDE, converse([{ text }])).bytes - empty).toBe(Buffer.byteLength(text));
  });

  it('knows that newer tokenizers cut finer', () => {
    const text = 'word '.repeat(1000);
    expect(tokensOf([{ text }], 'us.anthropic.claude-opus-4-8')).toBeGreaterThan(1.3 * tokensOf([{ text }]));
  });

  it('of an image does not depend on its bytes, in Converse and in Anthropic bodies', () => {
    const image = (size: number) => ({ image: { format: 'png', source: { bytes: bytes(size) } } });
    expect(tokensOf([image(300)])).toBe(tokensOf([image(300_000)]));
    expect(tokensOf([image(300)])).toBeGreaterThan(1600);
    const body = {
      messages: [
        { role: 'user', content: [{ type: 'image', source: { type: 'base64', data: bytes(90_000) } }] },
      ],
    };
    const payload: Payload = {
      v: 1,
      operation: 'invoke_model',
      invoke_model: { body, content_type: 'application/json', accept: 'application/json' },
    };
    const estimate = estimateInput(CLAUDE, payload);
    expect(estimate.tokens).toBeGreaterThan(1600);
    expect(estimate.tokens).toBeLessThan(2000);
    expect(estimate.bytes).toBeGreaterThan(90_000);
  });

  it('of a document follows its format', () => {
    const document = (format: string, source: unknown) => ({ document: { format, name: 'd', source } });
    const text = 'word '.repeat(10_000);
    const asText = tokensOf([{ text }]);
    const asFile = tokensOf([document('txt', { bytes: Buffer.from(text).toString('base64') })]);
    expect(Math.abs(asFile - asText)).toBeLessThan(50);
    expect(tokensOf([document('pdf', { bytes: bytes(60_000) })])).toBeGreaterThanOrEqual(10_000);
    expect(tokensOf([document('pdf', { s3Location: { uri: 's3://b/k' } })])).toBeGreaterThanOrEqual(100_000);
  });

  it('of a video follows its bytes', () => {
    const video = (size: number) => ({ video: { format: 'mp4', source: { bytes: bytes(size) } } });
    expect(tokensOf([video(4_000_000)], 'amazon.nova-lite-v1:0')).toBeGreaterThanOrEqual(10_000);
  });

  it('counts tools and what a model spends on knowing how to use them', () => {
    const tools = {
      toolConfig: { tools: [{ toolSpec: { name: 't', inputSchema: { json: { type: 'object' } } } }] },
    };
    const without = estimateInput(CLAUDE, converse([{ text: 'x' }])).tokens;
    expect(estimateInput(CLAUDE, converse([{ text: 'x' }], tools)).tokens - without).toBeGreaterThan(530);
  });
});
