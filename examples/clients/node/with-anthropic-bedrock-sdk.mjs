/** Anthropic's SDK for Bedrock, which takes a fetch, or an address from ANTHROPIC_BEDROCK_BASE_URL. It has no embeddings. */
import assert from 'node:assert/strict';
import { AnthropicBedrock } from '@anthropic-ai/bedrock-sdk';
import { z } from 'zod';
import { FEWEST_PIECES, MODEL, smoother, tryAll } from './features.mjs';

const client = new AnthropicBedrock({ fetch: smoother?.fetch(), maxRetries: 0 });
const question = {
  model: MODEL,
  max_tokens: 1000,
  messages: [{ role: 'user', content: 'What is the weather like?' }],
};
const Weather = z.object({ city: z.string(), days: z.number().int() });
const schema = {
  type: 'object',
  properties: { city: { type: 'string' }, days: { type: 'integer' } },
  required: ['city', 'days'],
  additionalProperties: false,
};

await tryAll({
  async plain() {
    const { content, usage } = await client.messages.create(question);
    assert.match(content[0].text, /\w+ \w+/);
    assert.ok(usage.output_tokens > 0);
  },

  async stream() {
    const pieces = [];
    const stream = client.messages.stream(question).on('text', (piece) => pieces.push(piece));
    const { content } = await stream.finalMessage();
    assert.ok(pieces.length >= FEWEST_PIECES);
    assert.equal(pieces.join(''), content[0].text);
    assert.deepEqual(content, (await client.messages.create(question)).content);
  },

  async tools() {
    const tools = [{ name: 'weather', input_schema: schema }];
    const { content, stop_reason } = await client.messages.create({
      ...question,
      tools,
      tool_choice: { type: 'any' },
    });
    assert.equal(stop_reason, 'tool_use');
    Weather.parse(content[0].input);
  },

  async structured() {
    const output_config = { format: { type: 'json_schema', schema } };
    const { content } = await client.messages.create({ ...question, output_config });
    Weather.parse(JSON.parse(content[0].text));
  },
});
