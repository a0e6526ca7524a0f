import { describe, expect, it } from 'vitest';
import { quotaIn } from '../../../src/aws/service-quotas/quota-names.ts';
import { OTHER_QUOTAS, REAL_QUOTAS } from './quota-list.ts';

/** Each quota has a value of its own, so that the value tells which was taken. */
const ALL = [...REAL_QUOTAS.map(({ name }) => name), ...OTHER_QUOTAS].map((QuotaName, Value) => ({
  QuotaName,
  Value,
}));

describe('a model’s quota in the whole list', () => {
  it.each(REAL_QUOTAS)('$modelId: $name', ({ name, modelId, unit }) => {
    const Value = quotaIn(ALL, modelId, unit);
    expect(ALL.find((quota) => quota.Value === Value)?.QuotaName).toBe(name);
  });

  it('is none where the list has none', () => {
    for (const modelId of [
      'us.amazon.titan-text-express-v1',
      'somebody.unheard-of',
      'amazon.nova-2-lite-v1:0',
    ]) {
      expect(quotaIn(ALL, modelId, 'tokens')).toBeUndefined();
    }
  });
});

describe('a name', () => {
  const MODEL = 'us.anthropic.claude-opus-5';
  const named = (QuotaName: string, Value = 1) => ({ QuotaName, Value });

  it.each([
    'Cross-Region InvokeModel tokens per minute for Anthropic Claude Opus 5',
    'cross-region model inference tokens per minute for Claude Opus 5',
    'Cross-Region InvokeModel tokens per minute for Anthropic Claude Opus 5 V1',
  ])('in any spelling: %s', (name) => {
    expect(quotaIn([named(name)], MODEL, 'tokens')).toBe(1);
  });

  it('without a kind is for any, unless another fits better', () => {
    const any = named('InvokeModel requests per minute for Anthropic Claude Opus 5', 7);
    const own = named('Cross-Region InvokeModel requests per minute for Anthropic Claude Opus 5', 9);
    expect(quotaIn([any], MODEL, 'requests')).toBe(7);
    expect(quotaIn([any, own], MODEL, 'requests')).toBe(9);
  });

  it('that comes in both spellings counts with the least value', () => {
    const older = named('Cross-region model inference tokens per minute for Anthropic Claude Opus 5', 5);
    const newer = named('Cross-Region InvokeModel tokens per minute for Anthropic Claude Opus 5', 4);
    expect(quotaIn([older, newer], MODEL, 'tokens')).toBe(4);
  });

  it('fits geographies that are newer than the smoother', () => {
    const name = 'Cross-Region InvokeModel tokens per minute for Anthropic Claude Opus 5';
    expect(quotaIn([named(name)], 'xy.anthropic.claude-opus-5', 'tokens')).toBe(1);
  });
});
