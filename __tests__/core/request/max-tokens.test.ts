import { describe, expect, it } from 'vitest';
import { requestedOutput } from '../../../src/core/request/max-tokens.ts';
import type { Payload } from '../../../src/core/request/payload.ts';

const CLAUDE = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
const NOVA = 'us.amazon.nova-2-lite-v1:0';

function ofConverse(modelId: string, converse: Record<string, unknown>) {
  return requestedOutput(modelId, modelId, { v: 1, operation: 'converse', converse });
}

function ofBody(modelId: string, body: unknown) {
  const invoke_model = { body, content_type: 'application/json', accept: 'application/json' };
  const payload: Payload = { v: 1, operation: 'invoke_model', invoke_model };
  return requestedOutput(modelId, modelId, payload);
}

describe('max tokens that the producer set', () => {
  it('are taken from Converse, and from the model’s own fields beside it', () => {
    expect(ofConverse(CLAUDE, { inferenceConfig: { maxTokens: 5 } })).toEqual({ maxTokens: 5 });
    expect(ofConverse(CLAUDE, { additionalModelRequestFields: { max_tokens: 6 } })).toEqual({ maxTokens: 6 });
    const fields = { inferenceConfig: { max_new_tokens: 7 } };
    expect(ofConverse(NOVA, { additionalModelRequestFields: fields })).toEqual({ maxTokens: 7 });
  });

  it.each([
    [CLAUDE, { max_tokens: 5 }],
    ['anthropic.claude-v2:1', { max_tokens_to_sample: 5 }],
    ['amazon.nova-lite-v1:0', { inferenceConfig: { max_new_tokens: 5 } }],
    ['amazon.titan-text-lite-v1', { textGenerationConfig: { maxTokenCount: 5 } }],
    ['meta.llama3-8b-instruct-v1:0', { max_gen_len: 5 }],
    ['ai21.j2-mid-v1', { maxTokens: 5 }],
    ['openai.gpt-oss-20b-1:0', { max_tokens: 5 }],
    ['qwen.qwen3-32b-v1:0', { max_completion_tokens: 5 }],
    ['twelvelabs.pegasus-1-2-v1:0', { maxOutputTokens: 5 }],
  ])('are taken from a body of %s', (modelId, body) => {
    expect(ofBody(modelId, body)).toEqual({ maxTokens: 5 });
  });

  it('as text are set all the same', () => {
    expect(ofBody(CLAUDE, { max_tokens: '200' })).toEqual({ maxTokens: 200 });
    expect(ofBody(CLAUDE, { max_tokens: 'many' })).toEqual({ maxTokens: 'model maximum' });
  });

  it('as null are not set', () => {
    expect(ofBody(CLAUDE, { max_tokens: null })).toEqual({});
  });
});

describe('max tokens that the producer did not set', () => {
  it('are the smoother’s to choose', () => {
    expect(ofConverse(CLAUDE, { messages: [] })).toEqual({});
    expect(ofBody(CLAUDE, { messages: [] })).toEqual({});
    expect(ofBody('us.amazon.nova-lite-v1:0', { messages: [] })).toEqual({});
  });

  it.each([
    ['amazon.titan-text-premier-v1:0', 512],
    ['amazon.titan-text-express-v1:0:8k', 512],
    ['us.meta.llama3-3-70b-instruct-v1:0', 512],
    ['cohere.command-text-v14', 20],
    ['ai21.j2-ultra-v1', 200],
    ['ai21.jamba-1-5-large-v1:0', 4_096],
    ['mistral.mistral-7b-instruct-v0:2', 512],
    ['mistral.mistral-large-2402-v1:0', 8_192],
    ['twelvelabs.pegasus-1-2-v1:0', 'model maximum'],
    ['amazon.titan-embed-text-v2:0', 0],
    ['cohere.rerank-v3-5:0', 0],
    ['stability.stable-image-core-v1:1', 0],
    ['arn:aws:bedrock:us-east-1:123456789012:imported-model/a1b2c3', 'model maximum'],
  ])('in a body of %s mean %s, and stay so', (modelId, maxTokens) => {
    expect(ofBody(modelId, { prompt: 'x' })).toEqual({ maxTokens });
  });

  it('are chosen for the same models in Converse, where unset means all that the model can give', () => {
    expect(ofConverse('amazon.titan-text-premier-v1:0', { messages: [] })).toEqual({});
  });

  it('stay so where a stored prompt brings its own', () => {
    const prompt = 'arn:aws:bedrock:us-east-1:111122223333:prompt/PROMPT12AB:1';
    expect(ofConverse(prompt, { promptVariables: {} })).toEqual({ maxTokens: 'model maximum' });
  });
});

describe('thinking', () => {
  const budget = { type: 'enabled', budget_tokens: 8_000 };
  const high = { type: 'enabled', maxReasoningEffort: 'high' };

  it('with a budget asks for more max tokens than that', () => {
    for (const name of ['thinking', 'reasoning_config']) {
      expect(ofConverse(CLAUDE, { additionalModelRequestFields: { [name]: budget } })).toEqual({
        thinkingTokens: 8_000,
      });
      expect(ofBody(CLAUDE, { [name]: budget })).toEqual({ thinkingTokens: 8_000 });
    }
  });

  it('without one, or disabled, asks for nothing', () => {
    for (const thinking of [{ type: 'adaptive' }, { type: 'disabled', budget_tokens: 8_000 }, 'on']) {
      expect(ofBody(CLAUDE, { thinking })).toEqual({});
    }
  });

  it('with Nova’s high effort leaves max tokens unset', () => {
    expect(ofConverse(NOVA, { additionalModelRequestFields: { reasoningConfig: high } })).toEqual({
      maxTokens: 'model maximum',
    });
    for (const body of [{ reasoningConfig: high }, { inferenceConfig: { reasoningConfig: high } }]) {
      expect(ofBody(NOVA, body)).toEqual({ maxTokens: 'model maximum' });
    }
    expect(ofBody(NOVA, { reasoningConfig: { ...high, maxReasoningEffort: 'low' } })).toEqual({});
  });
});
