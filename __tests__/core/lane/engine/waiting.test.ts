import { describe, expect, it } from 'vitest';
import { waitedMs } from '../../../../src/core/lane/engine/waiting.ts';
import { entryOf } from '../../../fixtures/entries.ts';

const NOW = 1_000_000_000;
const urgent = (secondsAgo: number, more: Parameters<typeof entryOf>[1] = {}) =>
  entryOf(NOW - secondsAgo, { priority: 1, accepted_at: NOW - secondsAgo * 1_000, ...more });
const other = (secondsAgo: number) => entryOf(NOW - secondsAgo, { accepted_at: NOW - secondsAgo * 1_000 });
const failed = urgent(60, { failures: 1 });
const cut = urgent(50, { full_allowance: false });

describe('how long work has waited', () => {
  it('counts from when the oldest was accepted', () => {
    expect(waitedMs([[urgent(3)], [other(20), other(2)]], NOW)).toBe(20_000);
  });

  it('says nothing of requests that have been called and wait again', () => {
    expect(waitedMs([[failed, cut, urgent(3)]], NOW)).toBe(3_000);
  });

  it('is nothing where only these wait', () => {
    expect(waitedMs([[failed], [cut]], NOW)).toBe(0);
  });
});
