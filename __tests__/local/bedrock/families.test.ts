import { ConverseCommand, InvokeModelCommand } from '@aws-sdk/client-bedrock-runtime';
import { describe, expect, it } from 'vitest';
import { start } from './world.ts';

type Body = Record<string, unknown>;

async function invoke(modelId: string, body: Body): Promise<never> {
  const { client } = await start();
  const answer = await client.send(new InvokeModelCommand({ modelId, body: JSON.stringify(body) }));
  return JSON.parse(answer.body.transformToString()) as never;
}

const BASE64 = Buffer.alloc(90_000, 'media').toString('base64');
const lengthOf = (vector: number[]) => Math.hypot(...vector);

describe('embeddings', () => {
  const single = (embeddingDimension?: number) => ({
    taskType: 'SINGLE_EMBEDDING',
    singleEmbeddingParams: { embeddingPurpose: 'GENERIC_INDEX', embeddingDimension, text: { value: 'a' } },
  });

  it.each<[string, Body, number, (answer: never) => number[]]>([
    [
      'amazon.titan-embed-text-v1',
      { inputText: 'a' },
      1_536,
      ({ embedding }: { embedding: number[] }) => embedding,
    ],
    [
      'amazon.titan-embed-text-v2:0',
      { inputText: 'a' },
      1_024,
      ({ embedding }: { embedding: number[] }) => embedding,
    ],
    [
      'amazon.titan-embed-text-v2:0',
      { inputText: 'a', dimensions: 256 },
      256,
      ({ embedding }: { embedding: number[] }) => embedding,
    ],
    [
      'amazon.titan-embed-image-v1',
      { inputImage: BASE64 },
      1_024,
      ({ embedding }: { embedding: number[] }) => embedding,
    ],
    [
      'cohere.embed-english-v3',
      { texts: ['a', 'b'], input_type: 'search_document' },
      1_024,
      ({ embeddings }: { embeddings: number[][] }) => embeddings[1] as number[],
    ],
    [
      'us.cohere.embed-v4:0',
      { texts: ['a'], input_type: 'search_query', embedding_types: ['float'], output_dimension: 512 },
      512,
      ({ embeddings }: { embeddings: { float: number[][] } }) => embeddings.float[0] as number[],
    ],
    [
      'amazon.nova-2-multimodal-embeddings-v1:0',
      single(),
      3_072,
      ({ embeddings }: { embeddings: { embedding: number[] }[] }) => embeddings[0]?.embedding as number[],
    ],
    [
      'amazon.nova-2-multimodal-embeddings-v1:0',
      single(384),
      384,
      ({ embeddings }: { embeddings: { embedding: number[] }[] }) => embeddings[0]?.embedding as number[],
    ],
    [
      'twelvelabs.marengo-embed-2-7-v1:0',
      { inputType: 'text', inputText: 'a' },
      1_024,
      ({ data }: { data: { embedding: number[] }[] }) => data[0]?.embedding as number[],
    ],
  ])('of %s for %j have %d components and length 1', async (modelId, body, dimensions, vectorOf) => {
    const vector = vectorOf(await invoke(modelId, body));
    expect(vector).toHaveLength(dimensions);
    expect(lengthOf(vector)).toBeCloseTo(1, 6);
  });

  it('are the same for the same text and differ for another', async () => {
    const of = async (inputText: string) =>
      ((await invoke('amazon.titan-embed-text-v2:0', { inputText })) as { embedding: number[] }).embedding;
    expect(await of('a')).toEqual(await of('a'));
    expect(await of('a')).not.toEqual(await of('b'));
  });

  it('come in other number formats too', async () => {
    const body = { inputText: 'a', embeddingTypes: ['binary'] };
    const { embedding, embeddingsByType } = (await invoke('amazon.titan-embed-text-v2:0', body)) as {
      embedding?: number[];
      embeddingsByType: Record<string, number[]>;
    };
    expect(embedding).toBeUndefined();
    expect(new Set(embeddingsByType.binary)).toEqual(new Set([0, 1]));
  });

  it('of a length that the model does not have are refused', async () => {
    await expect(
      invoke('amazon.titan-embed-text-v2:0', { inputText: 'a', dimensions: 1_000 }),
    ).rejects.toThrow('dimensions: 1000 is not a valid enum value');
  });

  it('reserve no output', async () => {
    const { client, simulator } = await start({ tokensPerMinute: 100 });
    const body = JSON.stringify({ inputText: 'a few words' });
    await client.send(new InvokeModelCommand({ modelId: 'amazon.titan-embed-text-v2:0', body }));
    expect(simulator.stats().lanes).toMatchObject([{ calls: 1, outputTokens: 0 }]);
  });
});

describe('rankings', () => {
  it.each(['amazon.rerank-v1:0', 'cohere.rerank-v3-5:0'])('of %s order the documents', async (modelId) => {
    const body = { query: 'tea', documents: ['a', 'b', 'c'], top_n: 2, api_version: 2 };
    const { results } = (await invoke(modelId, body)) as {
      results: { index: number; relevance_score: number }[];
    };
    expect(results).toHaveLength(2);
    expect(results[0]?.relevance_score).toBeGreaterThan(results[1]?.relevance_score ?? 1);
  });
});

describe('images', () => {
  function sizeOf(base64: string): [number, number] {
    const png = Buffer.from(base64, 'base64');
    expect(png.subarray(1, 4).toString()).toBe('PNG');
    return [png.readUInt32BE(16), png.readUInt32BE(20)];
  }

  it.each(['amazon.titan-image-generator-v2:0', 'amazon.nova-canvas-v1:0'])(
    'of %s have the size asked for',
    async (modelId) => {
      const imageGenerationConfig = { width: 320, height: 512, numberOfImages: 2 };
      const body = { taskType: 'TEXT_IMAGE', textToImageParams: { text: 'tea' }, imageGenerationConfig };
      const { images } = (await invoke(modelId, body)) as { images: string[] };
      expect(images.map(sizeOf)).toEqual([
        [320, 512],
        [320, 512],
      ]);
    },
  );

  it('of Stability’s models come with their seeds', async () => {
    const { images, seeds } = (await invoke('stability.sd3-5-large-v1:0', { prompt: 'tea', seed: 7 })) as {
      images: string[];
      seeds: number[];
    };
    expect(images.map(sizeOf)).toEqual([[1_024, 1_024]]);
    expect(seeds).toEqual([7]);
  });

  it('count against no quota of tokens', async () => {
    const { client, simulator } = await start({ requestsPerMinute: 10, tokensPerMinute: 1 });
    const body = JSON.stringify({ taskType: 'TEXT_IMAGE', textToImageParams: { text: 'tea' } });
    await client.send(new InvokeModelCommand({ modelId: 'amazon.nova-canvas-v1:0', body }));
    expect(simulator.stats().lanes).toMatchObject([{ calls: 1, limits: { requestsPerMinute: 10 } }]);
    expect(simulator.stats().lanes[0]?.limits.tokensPerMinute).toBeUndefined();
  });

  it('that move are made asynchronously', async () => {
    await expect(invoke('amazon.nova-reel-v1:1', { taskType: 'TEXT_VIDEO' })).rejects.toThrow(
      'StartAsyncInvoke',
    );
  });
});

describe('a model without text', () => {
  it('does not converse', async () => {
    const { client } = await start();
    const command = new ConverseCommand({
      modelId: 'amazon.titan-embed-text-v2:0',
      messages: [{ role: 'user', content: [{ text: 'Hi' }] }],
    });
    await expect(client.send(command)).rejects.toThrow(
      "This action doesn't support the model that you provided.",
    );
  });
});

describe('bodies that are valid', () => {
  const messages = [{ role: 'user', content: 'hi' }];

  it.each<[string, Body, string]>([
    ['mistral.mistral-large-2407-v1:0', { messages, max_tokens: 20 }, 'choices'],
    ['us.deepseek.r1-v1:0', { prompt: '<|begin_of_sentence|>hi', max_tokens: 512 }, 'choices'],
    ['deepseek.v3-v1:0', { messages }, 'choices'],
    ['cohere.command-r-plus-v1:0', { message: 'hi', chat_history: [] }, 'text'],
    ['cohere.command-text-v14', { prompt: 'hi' }, 'generations'],
    ['moonshotai.kimi-k2.5', { messages }, 'choices'],
    [
      'mistral.voxtral-mini-3b-2507',
      {
        messages: [
          { role: 'user', content: [{ type: 'input_audio', input_audio: { data: BASE64, format: 'mp3' } }] },
        ],
      },
      'choices',
    ],
    ['twelvelabs.pegasus-1-2-v1:0', { inputPrompt: 'x', mediaSource: { base64String: BASE64 } }, 'message'],
    [
      'us.meta.llama3-2-11b-instruct-v1:0',
      { prompt: '<|image|>hi', images: [BASE64], max_gen_len: 100 },
      'generation',
    ],
  ])('of %s are answered', async (modelId, body, key) => {
    expect(await invoke(modelId, body)).toHaveProperty(key);
  });

  it('may hold media, which is not counted as text', async () => {
    const { client, simulator } = await start();
    const body = JSON.stringify({ inputText: 'x', inputImage: BASE64 });
    await client.send(new InvokeModelCommand({ modelId: 'amazon.titan-embed-image-v1', body }));
    expect(simulator.stats().lanes[0]?.inputTokens).toBeLessThan(2_000);
  });
});

describe('max tokens unset in InvokeModel', () => {
  it.each([
    ['amazon.titan-text-express-v1', { inputText: 'hi' }, 512],
    ['us.meta.llama3-3-70b-instruct-v1:0', { prompt: 'hi' }, 512],
  ])('of %s is what the model takes by itself', async (modelId, body, most) => {
    const { client, simulator } = await start({ outputMedianTokens: 5_000, outputSigma: 0 });
    await client.send(new InvokeModelCommand({ modelId, body: JSON.stringify(body) }));
    expect(simulator.stats().lanes[0]?.outputTokens).toBe(most);
  });
});
