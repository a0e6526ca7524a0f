/** What tenants have spent of their budgets today, for those who look. */
import { NOTICES, noticedOf, partSpent, spentOf, UNUSED } from '../budgets/account.ts';
import type { Clock } from '../clock.ts';
import {
  addSpending,
  type BudgetAccount,
  type BudgetAccounts,
  type BudgetPart,
  dayOf,
  isOfNothing,
  limitOf,
  NO_SPENDING,
  type Spending,
  type TenantBudget,
} from '../lane/budgets.ts';
import type { Settings } from '../lane/ports.ts';

export interface BudgetPorts {
  settings: Settings;
  budgets: Pick<BudgetAccounts, 'list'>;
}

/** Of tokens, or of dollars. */
export interface Used {
  limit: number;
  spent: number;
  /** Held by lanes, for calls that run and for what they release next. */
  held: number;
}

export interface BudgetView {
  tenant: string;
  /** UTC. */
  day: string;
  tokens?: Used;
  usd?: Used;
  /** The part that is spent, 1 is all: of tokens or dollars, whichever is more. */
  part: number;
  /** `used up`: it did not cover a request any more, or is zero. */
  state: 'within' | 'nearly used up' | 'used up';
  at_limit: 'wait' | 'refuse';
  /** Lanes whose requests it does not cover now. */
  lacking: { lane: string; lacks: NonNullable<BudgetPart['lacks']> }[];
}

/** One for each tenant that has a budget; the first of them has used most of it. */
export async function viewBudgets(
  { settings, budgets }: BudgetPorts,
  clock: Pick<Clock, 'now'>,
): Promise<BudgetView[]> {
  const { tenant_budgets = {} } = await settings.read();
  const limited = Object.entries(tenant_budgets);
  if (limited.length === 0) return [];
  const day = dayOf(clock.now());
  const accounts = new Map((await budgets.list(day)).map(({ tenant, account }) => [tenant, account]));
  return limited
    .map(([tenant, budget]) => viewOf(tenant, day, budget, accounts.get(tenant)))
    .sort((a, b) => b.part - a.part || a.tenant.localeCompare(b.tenant));
}

/** What the tenant's requests in the lane lack; undefined when its budget, if any, covers them. */
export function lackOf(
  views: readonly BudgetView[],
  tenant: string,
  lane: string,
): (BudgetView & { lacks: NonNullable<BudgetPart['lacks']> }) | undefined {
  const view = views.find((it) => it.tenant === tenant);
  const lack = view?.lacking.find((it) => it.lane === lane);
  return view && lack && { ...view, lacks: lack.lacks };
}

/**
 * Whether the tenant's budget may end before so many tokens more are spent, besides those that are held. In dollars it is only
 * known that little is left.
 */
export function mayRunOut(views: readonly BudgetView[], tenant: string, tokens: number): boolean {
  const view = views.find((it) => it.tenant === tenant);
  if (view === undefined) return false;
  const { limit, spent, held } = view.tokens ?? { limit: Number.POSITIVE_INFINITY, spent: 0, held: 0 };
  return spent + held + tokens > limit || (view.usd !== undefined && view.state !== 'within');
}

/** Infinity where there is no limit. */
export function limitIn({ tokens, usd }: Pick<BudgetView, 'tokens' | 'usd'>): Spending {
  return limitOf({ tokens_per_day: tokens?.limit, usd_per_day: usd?.limit });
}

/** A day gives nothing: its requests do not start while it stands. */
export function isZero(view: Pick<BudgetView, 'tokens' | 'usd'>): boolean {
  return isOfNothing(limitIn(view));
}

function viewOf(
  tenant: string,
  day: string,
  budget: TenantBudget,
  account: BudgetAccount = UNUSED,
): BudgetView {
  const limit = limitOf(budget);
  const spent = spentOf(account);
  const parts = Object.entries(account.lanes);
  const held = addSpending(
    parts.reduce((sum, [, part]) => addSpending(sum, part.held), NO_SPENDING),
    spent,
    -1,
  );
  const part = partSpent(account, limit);
  const isUsedUp = noticedOf(account, limit) === NOTICES[1] || isOfNothing(limit);
  const { tokens_per_day, usd_per_day, at_limit = 'wait' } = budget;
  return {
    tenant,
    day,
    ...(tokens_per_day !== undefined && {
      tokens: { limit: tokens_per_day, spent: spent.tokens, held: held.tokens },
    }),
    ...(usd_per_day !== undefined && {
      usd: { limit: usd_per_day, spent: spent.nano_usd / 1e9, held: held.nano_usd / 1e9 },
    }),
    part,
    state: isUsedUp ? 'used up' : part >= NOTICES[0] / 100 ? 'nearly used up' : 'within',
    at_limit,
    lacking: parts.flatMap(([lane, { lacks }]) => (lacks === undefined ? [] : [{ lane, lacks }])),
  };
}
