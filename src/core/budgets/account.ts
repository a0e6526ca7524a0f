/** How lanes take parts of a tenant's budget, and give back what they do not need: pure, each step is one conditional write. */
import {
  addSpending,
  type BudgetAccount,
  type BudgetPart,
  isWithin,
  NO_SPENDING,
  type Spending,
} from '../lane/budgets.ts';
import { ownOf } from '../request/own.ts';

/** A lane takes this part of what is left at once, or what it needs: it asks seldom, and leaves enough to the others. */
const PART_TAKEN = 1 / 8;
/** Per cent of a budget at which notice is given; the last means that it does not cover a request any more. */
export const NOTICES = [80, 100] as const;
/** Nobody has spent anything. */
export const UNUSED: BudgetAccount = { version: 0, lanes: {} };

export interface Standing {
  lane: string;
  /** Of its leader. */
  token: number;
  /** What the lane has spent or reserved. */
  used: Spending;
  spent: Spending;
  /** What the smallest waiting request needs that the lane's part does not cover; absent: nothing is needed. */
  needs?: Spending;
  /** Something else waits that the part may cover: none of it is given back. */
  keeps?: boolean;
  /** The lane is left: it keeps nothing for what waits. */
  leaves?: boolean;
}

export interface Adjusted {
  account: BudgetAccount;
  /** Notice is due of so many per cent. */
  notice?: (typeof NOTICES)[number];
}

/** The account with the lane's part set anew; undefined when another leader has written it since. */
export function adjusted(
  account: BudgetAccount = UNUSED,
  { lane, token, used, spent, needs, keeps = false, leaves = false }: Standing,
  limit: Spending,
): Adjusted | undefined {
  const before = ownOf(account.lanes, lane);
  if (before !== undefined && before.token > token) return undefined;
  const left = leftFor(account, lane, used, limit);
  const covered = needs !== undefined && isWithin(needs, left);
  const taken = covered && !leaves ? partOf(left, needs) : NO_SPENDING;
  const rest = keeps && !leaves ? restOf(before?.held ?? used, used, left) : NO_SPENDING;
  const held = addSpending(used, largest(taken, rest));
  const own: BudgetPart = { token, held, spent };
  const next = { ...account, version: account.version + 1, lanes: { ...account.lanes, [lane]: own } };
  if (needs !== undefined && !covered) {
    own.lacks = isWithin(needs, addSpending(limit, spentOf(next), -1)) ? 'reserved' : 'used_up';
  }
  const reached = reachedBy(next, limit);
  if (reached === undefined || reached <= noticedOf(account, limit)) return { account: next };
  return { account: { ...next, noticed: reached, noticed_of: nameOf(limit) }, notice: reached };
}

/** Per cent of which notice has been given, 0 when there was none, or it was of a budget that has been changed since. */
export function noticedOf({ noticed = 0, noticed_of }: BudgetAccount, limit: Spending): number {
  return noticed_of === undefined || noticed_of === nameOf(limit) ? noticed : 0;
}

function nameOf({ tokens, nano_usd }: Spending): string {
  return `${tokens} tokens, ${nano_usd} nano-dollars`;
}

/** What is left to a lane that has used so much: all that no other lane holds. */
export function leftFor(account: BudgetAccount, lane: string, used: Spending, limit: Spending): Spending {
  const others = Object.entries(account.lanes).filter(([name]) => name !== lane);
  const taken = others.reduce((sum, [, { held }]) => addSpending(sum, held), used);
  return addSpending(limit, taken, -1);
}

export function spentOf({ lanes }: BudgetAccount): Spending {
  return Object.values(lanes).reduce((sum, { spent }) => addSpending(sum, spent), NO_SPENDING);
}

/** The part of the budget that is spent, 1 is all: of the limit of which most is used. */
export function partSpent(account: BudgetAccount, limit: Spending): number {
  return shareOf(spentOf(account), limit);
}

/** What part of `all` the spending is: in tokens or in dollars, whichever is more. */
export function shareOf({ tokens, nano_usd }: Spending, all: Spending): number {
  const shares = [tokens / all.tokens, nano_usd / all.nano_usd];
  // Nothing of a budget of nothing is all of it.
  return Math.max(...shares.map((share) => (Number.isNaN(share) ? 1 : share)));
}

/** Only the difference between two accounts: whether a write would tell anything new. */
export function saysTheSame(a: BudgetAccount | undefined, b: BudgetAccount): boolean {
  return a !== undefined && JSON.stringify({ ...a, version: 0 }) === JSON.stringify({ ...b, version: 0 });
}

/** At least what is needed. Of what has no limit, nothing need be taken. */
function partOf(left: Spending, needs: Spending): Spending {
  const taken = (name: keyof Spending) =>
    Number.isFinite(left[name]) ? Math.max(needs[name], Math.floor(left[name] * PART_TAKEN)) : 0;
  return { tokens: taken('tokens'), nano_usd: taken('nano_usd') };
}

/** What is left of a part, unless the budget has become smaller since it was taken. */
function restOf(held: Spending, used: Spending, left: Spending): Spending {
  const rest = (name: keyof Spending) => Math.max(0, Math.min(held[name] - used[name], left[name]));
  return { tokens: rest('tokens'), nano_usd: rest('nano_usd') };
}

function largest(a: Spending, b: Spending): Spending {
  return { tokens: Math.max(a.tokens, b.tokens), nano_usd: Math.max(a.nano_usd, b.nano_usd) };
}

function reachedBy(account: BudgetAccount, limit: Spending): (typeof NOTICES)[number] | undefined {
  if (Object.values(account.lanes).some(({ lacks }) => lacks === 'used_up')) return NOTICES[1];
  return partSpent(account, limit) >= NOTICES[0] / 100 ? NOTICES[0] : undefined;
}
