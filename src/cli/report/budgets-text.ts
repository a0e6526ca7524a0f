import { type BudgetView, isZero, type Used } from '../../core/operations/budgets.ts';
import { dollars, percent, short } from './numbers.ts';
import { table } from './table.ts';

/** Budgets of today, and what becomes of requests that they do not cover. Empty where nobody has one. */
export function budgetsText(budgets: readonly BudgetView[]): string {
  const [first] = budgets;
  if (first === undefined) return '';
  const { head, rows, notes } = budgetTable(budgets);
  const [tenant = '', ...others] = head;
  return [table([`${tenant}, ${first.day}`, ...others], rows), ...notes.map((note) => `  ${note}`)].join(
    '\n',
  );
}

/** A row for the tokens of a budget, one for its dollars. */
export function budgetTable(budgets: readonly BudgetView[]): {
  head: string[];
  rows: string[][];
  notes: string[];
} {
  return {
    head: ['tenant', 'budget of', 'spent', 'held', 'limit', 'used', 'state'],
    rows: budgets.flatMap((budget) => [
      ...(budget.tokens === undefined ? [] : [rowOf(budget, 'tokens', budget.tokens, short)]),
      ...(budget.usd === undefined ? [] : [rowOf(budget, 'dollars', budget.usd, dollars)]),
    ]),
    notes: budgets.flatMap(noteOn),
  };
}

function rowOf(
  { tenant, state }: BudgetView,
  name: string,
  { limit, spent, held }: Used,
  text: (value: number) => string,
): string[] {
  const used = limit === 0 ? 1 : spent / limit;
  return [tenant, name, text(spent), text(held), text(limit), percent(used, 0), state];
}

function noteOn(budget: BudgetView): string[] {
  const { tenant, at_limit, lacking } = budget;
  const usedUp = lacking.filter(({ lacks }) => lacks === 'used_up').map(({ lane }) => lane);
  if (usedUp.length === 0) return [];
  const fate = at_limit === 'refuse' ? 'are refused' : 'wait';
  const day = isZero(budget) ? '' : 'until 00:00 UTC, or ';
  const until = `${day}until tenant_budgets allows more`;
  return [`${tenant}: requests of ${usedUp.join(', ')} ${fate} ${until}.`];
}
