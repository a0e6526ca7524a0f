import { deflateSync } from 'node:zlib';
import { strToU8, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import type { Payload } from '../../../src/core/request/payload.ts';
import { estimateInput } from '../../../src/core/request/tokens.ts';

const CLAUDE = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
const NOVA = 'amazon.nova-lite-v1:0';

function converse(content: unknown[], rest: Record<string, unknown> = {}): Payload {
  return { v: 1, operation: 'converse', converse: { messages: [{ role: 'user', content }], ...rest } };
}

function tokensOf(content: unknown[], modelId = CLAUDE): number {
  return estimateInput(modelId, converse(content)).tokens;
}

function ofBody(modelId: string, body: unknown) {
  const invoke_model = { body, content_type: 'application/json', accept: 'application/json' };
  return estimateInput(modelId, { v: 1, operation: 'invoke_model', invoke_model });
}

const bytes = (count: number) => Buffer.alloc(count, 7).toString('base64');
/** First bytes of a format, and many of no meaning. */
const file = (head: string, count = 300_000) =>
  Buffer.concat([Buffer.from(head, 'latin1'), Buffer.alloc(count, 7)]).toString('base64');

describe('the input estimate', () => {
  it.each([
    // [text, tokens that tokenizers in use make of it, about]
    ['The quick brown fox jumps over the lazy dog. '.repeat(100), 1000],
    ['東京は日本の首都です。'.repeat(100), 900],
    ['{"a":[1,2,3],"b":{"c":null}}'.repeat(100), 1500],
    ['if (x !== y) { return f(z)[0]; }\n'.repeat(100), 1400],
    [`{\n${' '.repeat(12)}"name": "value"\n${' '.repeat(8)}}\n`.repeat(100), 1000],
  ])('of text is not too small and at most double: %#', (text, real) => {
    const estimate = tokensOf([{ text }]);
    expect(estimate).toBeGreaterThanOrEqual(real);
    expect(estimate).toBeLessThan(real * 2);
  });

  it('says how little it can well be, and what most of it is', () => {
    const text = estimateInput(CLAUDE, converse([{ text: 'word '.repeat(1_000) }]));
    expect(text.kind).toBe('text');
    expect(Math.abs(text.least - text.tokens / 3)).toBeLessThan(2);
    const image = estimateInput(
      CLAUDE,
      converse([{ image: { format: 'png', source: { bytes: bytes(9) } } }]),
    );
    expect(image.kind).toBe('image');
    expect(image.least).toBeLessThan(20);
  });

  it('counts UTF-8 bytes', () => {
    const empty = estimateInput(CLAUDE, converse([{ text: '' }])).bytes;
    const text = 'aé東🚀1{  ';
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
    const content = [{ type: 'image', source: { type: 'base64', data: bytes(90_000) } }];
    const estimate = ofBody(CLAUDE, { messages: [{ role: 'user', content }] });
    expect(estimate.tokens).toBeGreaterThan(1600);
    expect(estimate.tokens).toBeLessThan(2000);
    expect(estimate.bytes).toBeGreaterThan(90_000);
  });

  it('of a video follows its bytes', () => {
    const video = (size: number) => ({ video: { format: 'mp4', source: { bytes: bytes(size) } } });
    expect(tokensOf([video(4_000_000)], NOVA)).toBeGreaterThanOrEqual(10_000);
  });

  it('counts tools and what a model spends on knowing how to use them', () => {
    const tools = {
      toolConfig: { tools: [{ toolSpec: { name: 't', inputSchema: { json: { type: 'object' } } } }] },
    };
    const without = estimateInput(CLAUDE, converse([{ text: 'x' }])).tokens;
    expect(estimateInput(CLAUDE, converse([{ text: 'x' }], tools)).tokens - without).toBeGreaterThan(530);
  });
});

describe('a document', () => {
  const document = (format: string, source: unknown, rest: object = {}) => [
    { document: { format, name: 'd', source, ...rest } },
  ];
  const pages = (count: number) => '<< /Type /Page /Parent 1 0 R >>\n'.repeat(count);
  const pdf = (count: number) => Buffer.from(`%PDF-1.4\n<< /Type /Pages /Count ${count} >>\n${pages(count)}`);
  const packed = (count: number) => {
    const stream = deflateSync(pages(count));
    const head = `%PDF-1.7\n1 0 obj << /Filter /FlateDecode /Type /ObjStm /N 9 >> stream\n`;
    return Buffer.concat([Buffer.from(head), stream, Buffer.from('\nendstream endobj')]);
  };
  const encoded = (data: Uint8Array) => ({ bytes: Buffer.from(data).toString('base64') });

  it('in a text format is text', () => {
    const text = 'word '.repeat(10_000);
    const asText = tokensOf([{ text }]);
    const asFile = tokensOf(document('txt', encoded(Buffer.from(text))));
    expect(Math.abs(asFile - asText)).toBeLessThan(50);
    expect(Math.abs(tokensOf(document('txt', { text })) - asText)).toBeLessThan(50);
  });

  it.each([pdf(3), packed(3)])('in PDF is counted by its pages, however they are packed: %#', (data) => {
    expect(tokensOf(document('pdf', encoded(data)))).toBeGreaterThan(3_000);
    expect(tokensOf(document('pdf', encoded(data)))).toBeLessThan(3_050);
    // Three pages that are looked at, too: about 7,000 by Claude's own guide.
    const looked = tokensOf(document('pdf', encoded(data), { citations: { enabled: true } }));
    expect(looked).toBeGreaterThan(7_000);
    expect(looked).toBeLessThan(9_000);
  });

  it('in PDF that hides its pages is counted by its size: 3 MB are a small book, not 500,000 tokens', () => {
    const estimate = estimateInput(CLAUDE, converse(document('pdf', { bytes: file('%PDF', 3_000_000) })));
    expect(estimate.tokens).toBeGreaterThan(30_000);
    expect(estimate.tokens).toBeLessThan(100_000);
    expect(estimate.kind).toBe('pdf');
  });

  it('of an Office program is counted by the text in it, whatever pictures there are', () => {
    const text = strToU8(`<w:t>${'word '.repeat(2_000)}</w:t>`);
    const docx = zipSync({ 'word/document.xml': text, 'word/media/a.png': new Uint8Array(2_000_000) });
    const tokens = tokensOf(document('docx', encoded(docx)));
    expect(tokens).toBeGreaterThan(900);
    expect(tokens).toBeLessThan(3_000);
    expect(tokensOf(document('doc', { bytes: file('\xd0\xcf\x11\xe0', 60_000) }))).toBeGreaterThan(9_000);
  });

  it('that the call only points to is counted cautiously', () => {
    const tokens = tokensOf(document('pdf', { s3Location: { uri: 's3://bucket/key' } }));
    expect(tokens).toBeGreaterThanOrEqual(30_000);
  });
});

describe('media in bodies', () => {
  const AUDIO = { mp3: 'ID3\x04', wav: 'RIFF\0\0\0\0WAVE', ogg: 'OggS' };
  const VIDEO = { mp4: '\0\0\0\x20ftypisom', webm: '\x1a\x45\xdf\xa3' };
  const IMAGE = { png: '\x89PNG', jpeg: '\xff\xd8\xff\xe0', webp: 'RIFF\0\0\0\0WEBP' };

  it.each([
    ['Titan', 'amazon.titan-embed-image-v1', { inputText: 'x', inputImage: bytes(300_000) }],
    ['Cohere', 'cohere.embed-english-v3', { images: [`data:image/png;base64,${bytes(500_000)}`] }],
    ['Llama', 'us.meta.llama3-2-11b-instruct-v1:0', { prompt: '<|image|>hi', images: [bytes(500_000)] }],
    [
      'OpenAI',
      'openai.gpt-6-sol',
      {
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'hi' },
              { type: 'image_url', image_url: { url: `data:image/jpeg;base64,${bytes(500_000)}` } },
            ],
          },
        ],
      },
    ],
    [
      'Nova Canvas',
      'amazon.nova-canvas-v1:0',
      { taskType: 'INPAINTING', inPaintingParams: { image: bytes(500_000) } },
    ],
    ['Stability', 'stability.stable-image-inpaint-v1:0', { image: bytes(500_000), prompt: 'a cat' }],
    ['unknown ones', 'somebody.unheard-of', { thing: file(IMAGE.png) }],
  ])('of %s are images: not 100,000 tokens', (_, modelId, body) => {
    const { tokens, kind } = ofBody(modelId, body);
    expect(kind).toBe('image');
    expect(tokens).toBeGreaterThan(1_000);
    expect(tokens).toBeLessThan(6_000);
  });

  it('of Voxtral are sound, of Pegasus a film', () => {
    const content = [{ type: 'input_audio', input_audio: { data: bytes(500_000), format: 'mp3' } }];
    const voxtral = ofBody('mistral.voxtral-mini-3b-2507', { messages: [{ role: 'user', content }] });
    expect(voxtral.kind).toBe('audio');
    expect(voxtral.tokens).toBeLessThan(2_000);
    const mediaSource = { base64String: file(VIDEO.mp4) };
    const pegasus = ofBody('twelvelabs.pegasus-1-2-v1:0', { inputPrompt: 'x', mediaSource });
    expect(pegasus.kind).toBe('video');
    expect(pegasus.tokens).toBeLessThan(2_000);
    const unknown = ofBody('twelvelabs.pegasus-1-2-v1:0', { mediaSource: { base64String: bytes(500_000) } });
    expect(unknown.tokens).toBeLessThan(6_000);
  });

  it.each([
    ...Object.values(IMAGE).map((head) => [head, 'image']),
    ...Object.values(AUDIO).map((head) => [head, 'audio']),
    ...Object.values(VIDEO).map((head) => [head, 'video']),
    ['%PDF-1.7', 'pdf'],
    ['PK\x03\x04', 'office'],
  ])('that nothing names are known by their first bytes: %j is %s', (head, kind) => {
    expect(ofBody('somebody.unheard-of', { blob: file(head) }).kind).toBe(kind);
  });

  it('are not what is text for the model: long words, a tool’s JSON, signatures', () => {
    const long = 'ACGT'.repeat(10_000);
    for (const body of [
      { prompt: long },
      { messages: [{ role: 'user', content: long }] },
      { messages: [{ content: [{ type: 'tool_use', name: 'n', input: { dna: long } }] }] },
      { messages: [{ content: [{ type: 'thinking', thinking: 'x', signature: long }] }] },
      { messages: [{ content: [{ type: 'document', source: { type: 'text', data: long } }] }] },
    ]) {
      const { kind, tokens } = ofBody(CLAUDE, body);
      expect([kind, tokens > 10_000]).toEqual(['text', true]);
    }
    const json = converse([{ toolResult: { toolUseId: 't', content: [{ json: { shot: long } }] } }]);
    expect(estimateInput(CLAUDE, json).kind).toBe('text');
  });

  it('that a body names by address are counted cautiously', () => {
    const content = [{ type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } }];
    expect(ofBody(CLAUDE, { messages: [{ content }] }).kind).toBe('image');
    const s3 = { mediaSource: { s3Location: { uri: 's3://b/k' } } };
    expect(ofBody('twelvelabs.pegasus-1-2-v1:0', { ...s3 }).tokens).toBeGreaterThan(10);
  });

  it('are not what the JSON of a tool mentions by address', () => {
    const found = Array.from({ length: 20 }, (_, index) => ({
      title: 'A',
      url: `https://example.com/${index}`,
    }));
    const schema = { properties: { photo: { properties: { s3Uri: { type: 'string' } } } } };
    const name = 'search';
    for (const { kind, tokens } of [
      estimateInput(CLAUDE, converse([{ toolResult: { content: [{ json: { documents: found } }] } }])),
      estimateInput(CLAUDE, converse([{ toolUse: { name, input: { files: found } } }])),
      ofBody(CLAUDE, { messages: [{ content: [{ type: 'tool_use', name, input: { images: found } }] }] }),
      ofBody('openai.gpt-6-sol', { tools: [{ type: 'function', function: { name, parameters: schema } }] }),
    ]) {
      expect([kind, tokens < 2_000]).toEqual(['text', true]);
    }
  });
});
