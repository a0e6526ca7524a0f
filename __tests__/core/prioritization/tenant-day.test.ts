import { expect, it } from 'vitest';
import { BudgetBook } from '../../../src/core/budgets/book.ts';
import { TenantDay } from '../../../src/core/prioritization/tenant-day.ts';
import { entryOf } from '../../fixtures/entries.ts';

const LANE = 'amazon.nova-lite:on-demand';
const NOON = Date.parse('2026-11-27T12:00:00Z');

it('what is left of a budget is worked out once for all requests of a tick', () => {
  const book = new BudgetBook(330_000);
  book.turn(NOON);
  for (let slot = 0; slot < 500; slot++) book.reserve(NOON + 500 * slot, 'acme', { tokens: 10, nano_usd: 0 });
  const day = new TenantDay('acme', LANE, book);
  let looks = 0;
  day.account = {
    version: 1,
    get lanes() {
      looks += 1;
      return {};
    },
  };
  day.begin(NOON, { tokens_per_day: 5_500, at_limit: 'refuse' });
  const entries = Array.from({ length: 1_000 }, (_, index) => entryOf(index, { lane: LANE, tenant: 'acme' }));
  const needs = { tokens: 501, nano_usd: 0 };
  expect(entries.filter((entry) => day.waits(entry, () => needs))).toEqual([]);
  expect(entries.every(({ request_id }) => day.keepsBack(request_id))).toBe(true);
  expect(looks).toBeLessThan(10);
  // Until something of it changes.
  book.reserve(NOON, 'acme', { tokens: 10, nano_usd: 0 }, -1);
  expect(entries.some(({ request_id }) => day.keepsBack(request_id))).toBe(false);
});

it('sums of a book are worked out once until something of them changes', () => {
  const book = new BudgetBook(330_000);
  book.turn(NOON);
  book.reserve(NOON, 'acme', { tokens: 10, nano_usd: 0 });
  const [spent, used] = [book.spent('acme'), book.used('acme')];
  expect(book.spent('acme')).toBe(spent);
  expect(book.used('acme')).toBe(used);
});
