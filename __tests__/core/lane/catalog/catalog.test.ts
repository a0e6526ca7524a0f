import { describe, expect, it } from 'vitest';
import {
  burndownOf,
  contextLimitOf,
  defaultLimitsOf,
  laneOf,
  outputLimitOf,
  overrideOf,
  quotaCodesOf,
} from '../../../../src/core/lane/catalog/catalog.ts';

describe('the lane of a model', () => {
  it.each([
    ['anthropic.claude-3-haiku-20240307-v1:0', 'anthropic.claude-3-haiku:on-demand'],
    ['us.anthropic.claude-sonnet-4-5-20250929-v1:0', 'anthropic.claude-sonnet-4-5:geo'],
    ['eu.anthropic.claude-sonnet-4-5-20250929-v1:0', 'anthropic.claude-sonnet-4-5:geo'],
    ['global.anthropic.claude-sonnet-4-5-20250929-v1:0', 'anthropic.claude-sonnet-4-5:global'],
    ['us.anthropic.claude-opus-4-7', 'anthropic.claude-opus-4-7:geo'],
    ['amazon.nova-lite-v1:0', 'amazon.nova-lite:on-demand'],
    ['us.amazon.nova-lite-v1:0', 'amazon.nova-lite:geo'],
    ['amazon.nova-lite-v1:0:24k', 'amazon.nova-lite:on-demand'],
    ['openai.gpt-oss-120b-1:0', 'openai.gpt-oss-120b-1:on-demand'],
    ['arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0', 'amazon.nova-pro:on-demand'],
    [
      'arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-haiku-4-5-20251001-v1:0',
      'anthropic.claude-haiku-4-5:geo',
    ],
    [
      'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3',
      'application-inference-profile.a1b2c3:on-demand',
    ],
    ...['provisioned-model', 'imported-model', 'custom-model-deployment', 'prompt-router', 'prompt'].map(
      (resource) => [
        `arn:aws:bedrock:us-east-1:123456789012:${resource}/a1b2c3`,
        `${resource}.a1b2c3:on-demand`,
      ],
    ),
    ['somebody.unheard-of', 'somebody.unheard-of:on-demand'],
    // A geography that is newer than the smoother.
    ['xy.anthropic.claude-opus-5', 'anthropic.claude-opus-5:geo'],
    ['in.openai.gpt-5.6-sol', 'openai.gpt-5.6-sol:geo'],
    // A second version has quotas of its own.
    ['us.anthropic.claude-3-5-sonnet-20240620-v1:0', 'anthropic.claude-3-5-sonnet:geo'],
    ['us.anthropic.claude-3-5-sonnet-20241022-v2:0', 'anthropic.claude-3-5-sonnet-v2:geo'],
    ['amazon.titan-embed-text-v2:0', 'amazon.titan-embed-text-v2:on-demand'],
    ['anthropic.claude-v2:1', 'anthropic.claude-v2:on-demand'],
    ['mistral.mistral-7b-instruct-v0:2', 'mistral.mistral-7b-instruct:on-demand'],
    ['arn:aws:bedrock:us-east-1:111122223333:prompt/PROMPT12AB:1', 'prompt.PROMPT12AB:on-demand'],
    ['arn:aws:bedrock:us-east-1:111122223333:imported-model/abc', 'imported-model.abc:on-demand'],
    ['a|b', 'a_b:on-demand'],
  ])('%s → %s', (modelId, lane) => {
    expect(laneOf(modelId)).toBe(lane);
  });
});

it('a lane is known by its own name', () => {
  for (const model of [
    'us.amazon.nova-lite-v1:0',
    'openai.gpt-oss-120b-1:0',
    'global.anthropic.claude-opus-4-7',
  ]) {
    expect(laneOf(laneOf(model))).toBe(laneOf(model));
    expect(quotaCodesOf(laneOf(model))).toEqual(quotaCodesOf(model));
    expect(burndownOf(laneOf(model))).toBe(burndownOf(model));
  }
});

describe('burndown', () => {
  it.each([
    ['us.anthropic.claude-opus-4-8', 15],
    ['us.anthropic.claude-opus-5', 10],
    ['us.anthropic.claude-opus-5-5', 10],
    ['xy.anthropic.claude-opus-5', 10],
    ['arn:aws:bedrock:us-east-1:1:default-prompt-router/anthropic.claude:1', 15],
    ['anthropic.claude-sonnet-5', 10],
    ['anthropic.claude-fable-5-1', 10],
    ['openai.gpt-5.6', 10],
    ['us.anthropic.claude-sonnet-4-5-20250929-v1:0', 5],
    ['us.anthropic.claude-sonnet-4-20250514-v1:0', 5],
    ['anthropic.claude-3-haiku-20240307-v1:0', 5],
    ['anthropic.claude-3-7-sonnet-20250219-v1:0', 5],
    ['us.anthropic.claude-opus-4-7', 5],
    ['amazon.nova-lite-v1:0', 1],
    ['openai.gpt-oss-120b-1:0', 1],
  ])('%s burns %i×', (modelId, rate) => {
    expect(burndownOf(modelId)).toBe(rate);
  });

  it('is the most cautious of the family for a model nobody knows yet', () => {
    expect(burndownOf('anthropic.claude-opus-7')).toBe(15);
    expect(burndownOf('openai.gpt-6')).toBe(10);
  });
});

describe('how much a model may put out', () => {
  it.each([
    ['us.anthropic.claude-haiku-4-5-20251001-v1:0', 64_000, 200_000],
    ['amazon.titan-text-premier-v1:0', 3_000, 32_000],
    ['us.meta.llama3-3-70b-instruct-v1:0', 2_048, 128_000],
    ['cohere.command-r-plus-v1:0', 4_000, 128_000],
    ['twelvelabs.pegasus-1-2-v1:0', 4_096, undefined],
    ['us.anthropic.claude-3-5-sonnet-20241022-v2:0', 8_192, 200_000],
    ['global.anthropic.claude-opus-5-5', 128_000, 1_000_000],
    ['xy.amazon.nova-2-pro-v1:0', 64_000, 1_000_000],
    ['somebody.unheard-of', 4_096, undefined],
  ])('%s: %d, in a context of %s', (modelId, output, context) => {
    expect([outputLimitOf(modelId), contextLimitOf(modelId)]).toEqual([output, context]);
  });
});

describe('limits', () => {
  it('know models without a quota of requests', () => {
    expect(quotaCodesOf('us.anthropic.claude-opus-4-7')).toEqual({ tokens: 'L-5DB28B7B' });
    expect(defaultLimitsOf('us.anthropic.claude-opus-4-7')).toEqual({ tokens_per_minute: 10_000_000 });
  });

  it('know models without a quota of tokens', () => {
    for (const modelId of [
      'stability.stable-image-core-v1:1',
      'amazon.nova-canvas-v1:0',
      'cohere.rerank-v3-5:0',
      'us.twelvelabs.pegasus-1-2-v1:0',
    ]) {
      expect(defaultLimitsOf(modelId)).toEqual({ requests_per_minute: 100 });
    }
    expect(defaultLimitsOf('cohere.embed-v4:0')).toMatchObject({ tokens_per_minute: 100_000 });
  });

  it('are cautious for an unknown model', () => {
    expect(defaultLimitsOf('somebody.unheard-of')).toEqual({
      requests_per_minute: 100,
      tokens_per_minute: 100_000,
    });
  });

  it('are overridden by lane, or by any id that means the lane', () => {
    const lane = 'amazon.nova-lite:geo';
    const mine = { requests_per_minute: 7 };
    expect(overrideOf(lane, { 'us.amazon.nova-lite-v1:0': mine })).toBe(mine);
    expect(overrideOf(lane, { [lane]: mine, 'us.amazon.nova-lite-v1:0': {} })).toBe(mine);
    expect(overrideOf(lane, { 'amazon.nova-lite-v1:0': mine })).toBeUndefined();
    const profile = 'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3';
    expect(overrideOf(lane, { [profile]: mine }, { [profile]: 'us.amazon.nova-lite-v1:0' })).toBe(mine);
    expect(overrideOf(lane, { [profile]: mine })).toBeUndefined();
  });
});
