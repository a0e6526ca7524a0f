import { describe, expect, it } from 'vitest';
import { isTruncated, maxTokensPath, readAnswer } from '../../../src/core/request/invoke-bodies.ts';

const PROFILE = 'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3';

describe('where max tokens is in an InvokeModel body', () => {
  it.each([
    ['anthropic.claude-3-haiku-20240307-v1:0', ['max_tokens']],
    ['us.anthropic.claude-sonnet-4-5-20250929-v1:0', ['max_tokens']],
    ['xy.anthropic.claude-sonnet-4-5-20250929-v1:0', ['max_tokens']],
    ['anthropic.claude-v2:1', ['max_tokens_to_sample']],
    ['anthropic.claude-v2:on-demand', ['max_tokens_to_sample']],
    ['eu.amazon.nova-lite-v1:0', ['inferenceConfig', 'maxTokens']],
    ['amazon.titan-text-express-v1', ['textGenerationConfig', 'maxTokenCount']],
    ['us.meta.llama3-3-70b-instruct-v1:0', ['max_gen_len']],
    ['mistral.mistral-large-2407-v1:0', ['max_tokens']],
    ['cohere.command-r-plus-v1:0', ['max_tokens']],
    ['ai21.j2-ultra-v1', ['maxTokens']],
    ['ai21.jamba-1-5-mini-v1:0', ['max_tokens']],
    ['openai.gpt-oss-120b-1:0', ['max_completion_tokens']],
    ['qwen.qwen3-32b-v1:0', ['max_tokens']],
    ['twelvelabs.pegasus-1-2-v1:0', ['maxOutputTokens']],
    ['amazon.titan-embed-text-v2:0', undefined],
    ['stability.stable-image-core-v1:1', undefined],
  ])('%s: %j', (modelId, path) => {
    expect(maxTokensPath(modelId, {})).toEqual(path);
  });

  it('is where the producer wrote it, when a family has two places', () => {
    const body = { inferenceConfig: { max_new_tokens: 1 } };
    expect(maxTokensPath('amazon.nova-lite-v1:0', body)).toEqual(['inferenceConfig', 'max_new_tokens']);
  });

  it('is told by the body when the model id says nothing', () => {
    expect(maxTokensPath(PROFILE, { anthropic_version: 'bedrock-2023-05-31' })).toEqual(['max_tokens']);
    expect(maxTokensPath(PROFILE, { max_gen_len: 3 })).toEqual(['max_gen_len']);
    expect(maxTokensPath(PROFILE, { unheard: 'of' })).toBeUndefined();
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
