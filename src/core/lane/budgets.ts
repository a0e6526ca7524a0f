/** Budgets of tenants: what the variable says, and what the lanes table keeps of a tenant's day. */
import { DAY_MS } from '../request/times.ts';

/** What calls use of a budget. Dollars in billionths, as prices.ts counts them: whole numbers add up the same in any order. */
export interface Spending {
  tokens: number;
  nano_usd: number;
}

export const NO_SPENDING: Spending = { tokens: 0, nano_usd: 0 };

export function addSpending(a: Spending, b: Spending, sign: 1 | -1 = 1): Spending {
  return { tokens: a.tokens + sign * b.tokens, nano_usd: a.nano_usd + sign * b.nano_usd };
}

export function isWithin(spending: Spending, limit: Spending): boolean {
  return spending.tokens <= limit.tokens && spending.nano_usd <= limit.nano_usd;
}

/** Of one tenant and UTC day, over all lanes: tokens, dollars, or both. */
export interface TenantBudget {
  tokens_per_day?: number;
  usd_per_day?: number;
  /** What becomes of requests that it does not cover: they wait for the next day, unless this says `refuse`. */
  at_limit?: 'wait' | 'refuse';
}

/** Infinity where there is no limit. */
export function limitOf({ tokens_per_day, usd_per_day }: TenantBudget): Spending {
  return {
    tokens: tokens_per_day ?? Number.POSITIVE_INFINITY,
    nano_usd: usd_per_day === undefined ? Number.POSITIVE_INFINITY : Math.floor(usd_per_day * 1e9),
  };
}

/** A day gives nothing: no request starts while it stands. */
export function isOfNothing({ tokens, nano_usd }: Spending): boolean {
  return tokens === 0 || nano_usd === 0;
}

/**
 * Whether a new day's budget may end before what waits ahead of a request, and the request itself, have been paid for. In dollars
 * it is not known what they cost, but each was covered by a whole day's budget as it came.
 */
export function mayOutlastDay(
  { tokens, nano_usd }: Spending,
  needed: { requests: number; tokens: number },
): boolean {
  return needed.tokens > tokens || (Number.isFinite(nano_usd) && needed.requests > 1);
}

/** A tenant's day. Each lane has taken a part of the budget, and its leader releases within that part. */
export interface BudgetAccount {
  /** Of the write; each is conditional on the one before. */
  version: number;
  lanes: Record<string, BudgetPart>;
  /** Per cent of which notice has been given. */
  noticed?: number;
  /** Of which budget it was given. Absent: of whatever it is, as earlier releases wrote it. */
  noticed_of?: string;
}

export interface BudgetPart {
  /** Fencing token of the leader that wrote it. */
  token: number;
  /** What the lane may spend in all. */
  held: Spending;
  /** What it has spent. */
  spent: Spending;
  /**
   * The budget does not cover a request of the lane: `reserved`: what is left is held for calls that run, and may turn out not to
   * be needed; `used_up`: it is spent.
   */
  lacks?: 'reserved' | 'used_up';
}

/** Accounts of tenants that have a budget, by day (`2026-11-26`, UTC) and tenant. */
export interface BudgetAccounts {
  /** Strongly consistent. */
  read(day: string, tenant: string): Promise<BudgetAccount | undefined>;
  /** False, and nothing written, unless what is there is of the version before. */
  write(day: string, tenant: string, account: BudgetAccount): Promise<boolean>;
  /** Of all tenants. Strongly consistent. */
  list(day: string): Promise<{ tenant: string; account: BudgetAccount }[]>;
}

/** When the day after this one begins, epoch milliseconds. */
export function nextDay(day: string): number {
  return Date.parse(day) + DAY_MS;
}

export function dayOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 10);
}
