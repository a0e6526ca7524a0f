/** LangChain's ChatBedrockConverse and BedrockEmbeddings, which take the SDK's client: ours is one. */
import assert from 'node:assert/strict';
import { BedrockRuntimeClient } from '@aws-sdk/client-bedrock-runtime';
import { BedrockEmbeddings, ChatBedrockConverse } from '@langchain/aws';
import { tool } from '@langchain/core/tools';
import { z } from 'zod';
import { DIMENSIONS, EMBEDDINGS, FEWEST_PIECES, MODEL, smoother, tryAll } from './features.mjs';

const client = smoother?.bedrock() ?? new BedrockRuntimeClient();
const model = new ChatBedrockConverse({ client, model: MODEL, maxTokens: 1000 });
const question = 'What is the weather like?';
const Weather = z.object({ city: z.string(), days: z.number().int() });

await tryAll({
  async plain() {
    const { text, usage_metadata } = await model.invoke(question);
    assert.match(text, /\w+ \w+/);
    assert.ok(usage_metadata.output_tokens > 0);
  },

  async stream() {
    const pieces = [];
    for await (const { text } of await model.stream(question)) pieces.push(text);
    assert.ok(pieces.length >= FEWEST_PIECES);
    assert.equal(pieces.join(''), (await model.invoke(question)).text);
  },

  async tools() {
    const weather = tool(({ city, days }) => `sun in ${city} for ${days} days`, {
      name: 'weather',
      schema: Weather,
    });
    const { tool_calls } = await model.bindTools([weather], { tool_choice: 'any' }).invoke(question);
    assert.equal(tool_calls[0].name, 'weather');
    Weather.parse(tool_calls[0].args);
  },

  async structured() {
    Weather.parse(await model.withStructuredOutput(Weather).invoke(question));
  },

  async embeddings() {
    const embeddings = new BedrockEmbeddings({ client, model: EMBEDDINGS });
    assert.equal((await embeddings.embedQuery('tea')).length, DIMENSIONS);
  },
});
