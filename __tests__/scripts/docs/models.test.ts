import { describe, expect, it } from 'vitest';
import { whyAssumed } from '../../../src/core/lane/catalog/catalog.ts';
import data from '../../../src/core/lane/catalog/models.json' with { type: 'json' };
import { at } from '../../../src/core/request/json.ts';

describe('every value of the catalog', () => {
  it('has a source with a date, by its kind', () => {
    const kinds = new Set(Object.values(data.models).flatMap(Object.keys));
    for (const described of ['label', 'assumed']) kinds.delete(described);
    const sources: Record<string, { source: string; date: string }> = data.sources;
    for (const kind of [...kinds, 'burndown', 'count_tokens']) {
      expect(sources[kind]?.source, kind).toMatch(/\w/);
      expect(Date.parse(sources[kind]?.date ?? ''), kind).not.toBeNaN();
    }
  });

  it('that is said to have none exists, with a reason', () => {
    for (const [name, model] of Object.entries(data.models)) {
      const assumed: Record<string, string> = 'assumed' in model ? model.assumed : {};
      for (const [value, reason] of Object.entries(assumed)) {
        expect(at(model, value.split('.')), `${name} ${value}`).toEqual(expect.any(Number));
        expect(reason).toMatch(/\w/);
      }
    }
  });
});

it('a default limit says why it stands where nobody has confirmed it', () => {
  expect(whyAssumed('us.anthropic.claude-sonnet-4-5-20250929-v1:0', 'tokens_per_minute')).toMatch('200,000');
  expect(whyAssumed('anthropic.claude-sonnet-4-5:geo', 'requests_per_minute')).toMatch('May 2026');
  expect(whyAssumed('anthropic.claude-haiku-4-5:geo', 'tokens_per_minute')).toBeUndefined();
  expect(whyAssumed('somebody.unheard-of', 'tokens_per_minute')).toMatch('Small enough');
});
