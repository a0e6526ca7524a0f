import { describe, expect, it } from 'vitest';
import { isQuotaOf } from '../../../src/aws/service-quotas/quota-names.ts';

describe('a quota is known by its name', () => {
  it.each([
    [
      'Cross-region model inference requests per minute for Anthropic Claude Sonnet 4.5 V1',
      'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
    ],
    [
      'cross-region model inference requests per minute for Meta Llama 3.3 70B Instruct',
      'us.meta.llama3-3-70b-instruct-v1:0',
    ],
    [
      'Global cross-region model inference requests per minute for Anthropic Claude Opus 5',
      'global.anthropic.claude-opus-5',
    ],
    [
      'On-demand InvokeModel requests per minute for Amazon Titan Text Express',
      'amazon.titan-text-express-v1',
    ],
    [
      'On-demand model inference requests per minute for Mistral Large 2407',
      'mistral.mistral-large-2407-v1:0',
    ],
  ])('%s', (name, modelId) => {
    expect(isQuotaOf(name, modelId, 'requests')).toBe(true);
    expect(isQuotaOf(name, modelId, 'tokens')).toBe(false);
    expect(isQuotaOf(name.replace('requests', 'tokens'), modelId, 'tokens')).toBe(true);
  });

  it.each([
    ['another kind', 'On-demand model inference requests per minute for Anthropic Claude Sonnet 4.5'],
    [
      'a longer name',
      'Cross-region model inference requests per minute for Anthropic Claude Sonnet 4.5 1M Context Length',
    ],
    ['another version', 'Cross-region model inference requests per minute for Anthropic Claude Sonnet 4.6'],
    ['another time', 'Cross-region model inference requests per day for Anthropic Claude Sonnet 4.5'],
  ])('not one of %s', (_, name) => {
    expect(isQuotaOf(name, 'us.anthropic.claude-sonnet-4-5-20250929-v1:0', 'requests')).toBe(false);
  });
});
