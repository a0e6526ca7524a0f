/** What a tenant's budget makes of the time at which the lane is expected to come to a request. */
import { limitOf, mayOutlastDay, type TenantBudget } from '../lane/budgets.ts';
import { burndownOf } from '../lane/catalog/catalog.ts';
import type { ExpectedStart } from '../lane/expected-start.ts';
import { DAY_MS } from '../request/times.ts';

/** What waits before a request in its own line. */
export interface Ahead {
  requests: number;
  /** As they are charged to the quota. */
  tokens: number;
  /** The line is not told by name: it is taken to be like others. */
  isGuess: boolean;
}

interface Budgeted {
  budget: TenantBudget;
  /** Today's is used up: nothing of it starts before the next day. */
  isUsedUp: boolean;
  /** When the first day begins that pays for what waits, milliseconds from now: today has begun already. */
  begin: number;
  lane: string;
  ahead: Ahead;
  /** Of the request itself, as it is charged to the quota. */
  charge: number;
}

/** A p95 of Infinity: the budget may end before, and then nobody knows. The p50 is then the earliest. */
export function withinBudget(
  expected: ExpectedStart,
  { budget, isUsedUp, begin, lane, ahead, charge }: Budgeted,
): ExpectedStart {
  const limit = limitOf(budget);
  const needed = { requests: ahead.requests + 1, tokens: ahead.tokens + charge };
  const mayEnd = isUsedUp ? mayOutlastDay(limit, needed) : needed.tokens > limit.tokens;
  if (!mayEnd) return expected;
  // What would be refused is gone when the budget ends. Budgets count output once, so this is the least that it can be.
  const least = ahead.isGuess || budget.at_limit === 'refuse' ? 0 : ahead.tokens / burndownOf(lane);
  const days = Math.floor(least / limit.tokens);
  return { p50: Math.max(expected.p50, begin + days * DAY_MS), p95: Number.POSITIVE_INFINITY };
}
