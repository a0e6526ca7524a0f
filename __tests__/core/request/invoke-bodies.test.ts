import { describe, expect, it } from 'vitest';
import {
  isTruncated,
  maxTokensOf,
  readAnswer,
  withMaxTokens,
} from '../../../src/core/request/invoke-bodies.ts';

const PROFILE = 'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3';

const REQUESTS = [
  ['anthropic.claude-3-haiku-20240307-v1:0', { max_tokens: 7 }],
  ['us.anthropic.claude-sonnet-4-5-20250929-v1:0', { max_tokens: 7 }],
  ['anthropic.claude-v2:1', { max_tokens_to_sample: 7 }],
  ['eu.amazon.nova-lite-v1:0', { inferenceConfig: { maxTokens: 7 } }],
  ['amazon.titan-text-express-v1', { textGenerationConfig: { maxTokenCount: 7 } }],
  ['us.meta.llama3-3-70b-instruct-v1:0', { max_gen_len: 7 }],
  ['mistral.mistral-large-2407-v1:0', { max_tokens: 7 }],
  ['cohere.command-r-plus-v1:0', { max_tokens: 7 }],
  ['openai.gpt-oss-120b-1:0', { max_completion_tokens: 7 }],
  ['qwen.qwen3-32b-v1:0', { max_tokens: 7 }],
] as const;

describe('max tokens of an InvokeModel body', () => {
  it.each(REQUESTS)('%s: read where the family has it, written in the same place', (modelId, body) => {
    expect(maxTokensOf(modelId, body)).toBe(7);
    expect(withMaxTokens(modelId, {}, 7)).toEqual(body);
    expect(maxTokensOf(modelId, withMaxTokens(modelId, body, 9))).toBe(9);
    expect(maxTokensOf(modelId, {})).toBeUndefined();
  });

  it('leaves the rest of the body and the original as they are', () => {
    const body = { inferenceConfig: { temperature: 0, maxTokens: 1 }, messages: [] };
    expect(withMaxTokens('amazon.nova-pro-v1:0', body, 5)).toEqual({
      inferenceConfig: { temperature: 0, maxTokens: 5 },
      messages: [],
    });
    expect(body.inferenceConfig.maxTokens).toBe(1);
  });

  it('writes where the producer wrote, when a family has two places', () => {
    const body = { inferenceConfig: { max_new_tokens: 1 } };
    expect(withMaxTokens('amazon.nova-lite-v1:0', body, 5)).toEqual({
      inferenceConfig: { max_new_tokens: 5 },
    });
  });

  it('tells the family by the body when the model id does not', () => {
    expect(withMaxTokens(PROFILE, { anthropic_version: 'bedrock-2023-05-31' }, 5)).toMatchObject({
      max_tokens: 5,
    });
    expect(maxTokensOf(PROFILE, { max_gen_len: 3 })).toBe(3);
    expect(withMaxTokens(PROFILE, { unheard: 'of' }, 5)).toEqual({ unheard: 'of' });
  });

  it('is nothing for models that put out no tokens', () => {
    expect(maxTokensOf('amazon.titan-embed-text-v2:0', { inputText: 'x' })).toBe(0);
    expect(withMaxTokens('cohere.embed-english-v3', { texts: ['x'] }, 5)).toEqual({ texts: ['x'] });
  });
});

describe('what an answer tells', () => {
  it.each([
    [
      'anthropic.claude-3-haiku-20240307-v1:0',
      {
        stop_reason: 'end_turn',
        usage: {
          input_tokens: 3,
          output_tokens: 4,
          cache_read_input_tokens: 5,
          cache_creation_input_tokens: 6,
        },
      },
      {
        stop_reason: 'end_turn',
        usage: { input_tokens: 3, output_tokens: 4, cache_read_tokens: 5, cache_write_tokens: 6 },
      },
    ],
    [
      'us.amazon.nova-lite-v1:0',
      { stopReason: 'max_tokens', usage: { inputTokens: 3, outputTokens: 4 } },
      { stop_reason: 'max_tokens', usage: { input_tokens: 3, output_tokens: 4 } },
    ],
    [
      'amazon.titan-text-lite-v1',
      { inputTextTokenCount: 3, results: [{ tokenCount: 4, completionReason: 'LENGTH' }] },
      { stop_reason: 'LENGTH', usage: { input_tokens: 3, output_tokens: 4 } },
    ],
    [
      'meta.llama3-8b-instruct-v1:0',
      { generation: 'x', prompt_token_count: 3, generation_token_count: 4, stop_reason: 'stop' },
      { stop_reason: 'stop', usage: { input_tokens: 3, output_tokens: 4 } },
    ],
    [
      'openai.gpt-oss-20b-1:0',
      {
        choices: [{ finish_reason: 'length' }],
        usage: { prompt_tokens: 10, completion_tokens: 4, prompt_tokens_details: { cached_tokens: 8 } },
      },
      { stop_reason: 'length', usage: { input_tokens: 2, output_tokens: 4, cache_read_tokens: 8 } },
    ],
    ['mistral.mistral-7b-instruct-v0:2', { outputs: [{ stop_reason: 'stop' }] }, { stop_reason: 'stop' }],
    [
      'amazon.titan-embed-text-v2:0',
      { embedding: [0], inputTextTokenCount: 3 },
      { usage: { input_tokens: 3, output_tokens: 0 } },
    ],
    ['anthropic.claude-3-haiku-20240307-v1:0', 'not an object', {}],
  ])('%s', (modelId, body, facts) => {
    expect(readAnswer(modelId, body)).toEqual(facts);
  });

  it.each([
    ['max_tokens', true],
    ['LENGTH', true],
    ['end_turn', false],
    [undefined, false],
  ])('stop reason %s means truncated: %s', (reason, truncated) => {
    expect(isTruncated(reason)).toBe(truncated);
  });
});
