import { expect, it } from 'vitest';
import { budgetCounters, budgetEndsIn } from '../../../src/core/lane/budget-counters.ts';
import { slotReportOf } from '../../../src/core/lane/call-counters.ts';
import { sumOf } from '../../../src/core/lane/counters.ts';

it('what is reported of budgets is read again by tenant, whatever its name, and means nothing to others', () => {
  const ends = (factor: number) => ({
    ended: factor,
    reserved: { tokens: 100 * factor, nano_usd: 7 * factor },
    spent: { tokens: 40 * factor, nano_usd: 3 * factor },
  });
  const counters = sumOf(
    { ended: 3, 'owed.3.budget.ended': 5 },
    budgetCounters('a.b.c', ends(1)),
    budgetCounters('a.b.c', ends(1)),
    budgetCounters('ended.x', ends(5)),
  );
  expect(Object.fromEntries(budgetEndsIn(counters))).toEqual({ 'a.b.c': ends(2), 'ended.x': ends(5) });
  const report = slotReportOf({ slot: 1, counters });
  expect(report).toMatchObject({ ended: 3, owed: [{ priority: 3, tenant: 'budget.ended', tokens: 5 }] });
});
