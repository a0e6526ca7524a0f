/** The Vercel AI SDK with its provider of Amazon Bedrock, which takes a base URL or a fetch. */
import assert from 'node:assert/strict';
import { createAmazonBedrock } from '@ai-sdk/amazon-bedrock';
import { embed, generateObject, generateText, streamText, tool } from 'ai';
import { z } from 'zod';
import { DIMENSIONS, EMBEDDINGS, FEWEST_PIECES, MODEL, smoother, tryAll } from './features.mjs';

const bedrock = createAmazonBedrock({
  baseURL: process.env.AWS_ENDPOINT_URL_BEDROCK_RUNTIME,
  fetch: smoother?.fetch(),
});
const question = {
  model: bedrock(MODEL),
  prompt: 'What is the weather like?',
  maxOutputTokens: 1000,
  maxRetries: 0,
};
const Weather = z.object({ city: z.string(), days: z.number().int() });

await tryAll({
  async plain() {
    const { text, usage } = await generateText(question);
    assert.match(text, /\w+ \w+/);
    assert.ok(usage.outputTokens > 0);
  },

  async stream() {
    const pieces = [];
    for await (const piece of streamText(question).textStream) pieces.push(piece);
    assert.ok(pieces.length >= FEWEST_PIECES);
    assert.equal(pieces.join(''), (await generateText(question)).text);
  },

  async tools() {
    const tools = { weather: tool({ inputSchema: Weather }) };
    const { toolCalls } = await generateText({ ...question, tools, toolChoice: 'required' });
    assert.equal(toolCalls[0].toolName, 'weather');
    Weather.parse(toolCalls[0].input);
  },

  async structured() {
    const { object } = await generateObject({ ...question, schema: Weather });
    Weather.parse(object);
  },

  async embeddings() {
    const { embedding } = await embed({ model: bedrock.embedding(EMBEDDINGS), value: 'tea', maxRetries: 0 });
    assert.equal(embedding.length, DIMENSIONS);
  },
});
