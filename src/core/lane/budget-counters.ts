/** How an invocation reports to its lane what a call has used of its tenant's budget: counters beside those of call-counters.ts. */
import type { Spending } from './budgets.ts';
import type { Counters } from './counters.ts';

/** What has been reported of a tenant's releases of one slot. */
export interface BudgetEnds {
  ended: number;
  /** What had been reserved for them. */
  reserved: Spending;
  spent: Spending;
}

const KIND = 'budget';
const SUMS = ['ended', 'reserved', 'reserved_usd', 'spent', 'spent_usd'] as const;

/** The tenant's name comes last: it may hold dots. */
function nameOf(sum: (typeof SUMS)[number], tenant: string): string {
  return `${KIND}.${sum}.${tenant}`;
}

export function budgetCounters(tenant: string, { ended, reserved, spent }: BudgetEnds): Counters {
  const sums = [ended, reserved.tokens, reserved.nano_usd, spent.tokens, spent.nano_usd];
  return Object.fromEntries(SUMS.map((sum, index) => [nameOf(sum, tenant), sums[index] ?? 0]));
}

/** By tenant. */
export function budgetEndsIn(counters: Counters): Map<string, BudgetEnds> {
  const tenants = Object.keys(counters).flatMap((name) => {
    const [kind, sum, ...tenant] = name.split('.');
    return kind === KIND && sum === SUMS[0] ? [tenant.join('.')] : [];
  });
  return new Map(
    tenants.map((tenant) => {
      const [ended = 0, reserved = 0, reservedUsd = 0, spent = 0, spentUsd = 0] = SUMS.map(
        (sum) => counters[nameOf(sum, tenant)],
      );
      return [
        tenant,
        {
          ended,
          reserved: { tokens: reserved, nano_usd: reservedUsd },
          spent: { tokens: spent, nano_usd: spentUsd },
        },
      ];
    }),
  );
}
