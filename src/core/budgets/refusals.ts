/** What a request is told that its tenant's budget does not cover. */
import { isOfNothing, type Spending, type TenantBudget } from '../lane/budgets.ts';
import { requestError } from '../request/error-types.ts';
import type { RequestError } from '../request/record.ts';

export function budgetUsedUp(tenant: string, day: string, limit: Spending): RequestError {
  return requestError(
    'BudgetUsedUp',
    isOfNothing(limit)
      ? `the budget of tenant ${tenant} is zero. It continues once the variable tenant_budgets allows more`
      : `the budget of tenant ${tenant} for ${day} is used up. It continues at 00:00 UTC`,
  );
}

export function exceedsBudget(
  tenant: string,
  needs: Spending,
  { tokens_per_day, usd_per_day }: TenantBudget,
): RequestError {
  const limits = [
    ...(tokens_per_day === undefined ? [] : [`${tokens_per_day} tokens`]),
    ...(usd_per_day === undefined ? [] : [`${usd_per_day} dollars`]),
  ];
  const dollars = usd_per_day === undefined ? '' : `, or ${needs.nano_usd / 1e9} dollars,`;
  return requestError(
    'BudgetUsedUp',
    `input and max tokens: up to ${needs.tokens} tokens${dollars} exceed the budget of tenant ${tenant} for a day: ` +
      limits.join(' and '),
  );
}

export function priceUnknown(tenant: string, lane: string): RequestError {
  return requestError(
    'PriceUnknown',
    `tenant ${tenant} has a budget in dollars (variable tenant_budgets), and the smoother knows no price of ${lane}. ` +
      'Give the tenant a budget in tokens instead (tokens_per_day)',
  );
}
