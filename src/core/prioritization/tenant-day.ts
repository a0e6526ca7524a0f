/** A tenant's day in one lane, as the lane's leader sees it: what its budget covers, and which requests it keeps back. */
import { leftFor, partSpent, shareOf, spentOf, UNUSED } from '../budgets/account.ts';
import type { BudgetBook } from '../budgets/book.ts';
import type { Reservation } from '../budgets/spending.ts';
import {
  addSpending,
  type BudgetAccount,
  isOfNothing,
  isWithin,
  limitOf,
  NO_SPENDING,
  type Spending,
  type TenantBudget,
} from '../lane/budgets.ts';
import type { BacklogEntry } from '../request/ports.ts';
import type { Part } from './lane-parts.ts';

/** A budget that covers nothing more is asked again this often: another lane may have given back, or a call cost less. */
const ASK_AGAIN_MS = 5_000;
/** What has been spent is shown this often, and what is not needed is given back as soon. */
const SHOW_EVERY_MS = 5_000;
/** While requests wait, only once so much of the budget has been spent since. */
const SHOW_STEP = 0.01;
/** As the lane learns how long answers are, it grants more of them, or less. */
const SIZED_FOR_MS = 5_000;

/** A request that the lane's part of its tenant's budget does not cover. */
export interface Uncovered {
  entry: BacklogEntry;
  needs: Reservation;
}

interface Waiting {
  needs: Reservation;
  /** It is sized again then: what it needs may have changed. */
  until: number;
  /** When it was last seen. */
  seenAt: number;
}

/** What is left of the budget, as far as is known. */
interface Rest {
  /** What it was worked out from. */
  of: readonly object[];
  /** To the lane: what no other lane holds, and what it has not used itself. */
  left: Spending;
  /** What has been spent by nobody: what is held may turn out not to be needed. */
  unspent: Spending;
}

export class TenantDay implements Part {
  account?: BudgetAccount;
  held?: Spending;
  shownAt = Number.NEGATIVE_INFINITY;
  limit = limitOf({});
  /** At this tick some wait that the budget covers, as far as is known. */
  open = false;
  /** What was to go in this tick. */
  uncovered: Uncovered[] = [];
  /** What its requests need that wait, by request id. */
  readonly #waiting = new Map<string, Waiting>();
  readonly #tenant: string;
  readonly #lane: string;
  readonly #book: BudgetBook;
  #budget: TenantBudget = {};
  #known: Rest | undefined;
  #now = 0;

  constructor(tenant: string, lane: string, book: BudgetBook) {
    this.#tenant = tenant;
    this.#lane = lane;
    this.#book = book;
  }

  get waiting(): boolean {
    return this.#waiting.size > 0;
  }

  begin(now: number, budget: TenantBudget): void {
    this.#now = now;
    this.#budget = budget;
    this.limit = limitOf(budget);
    this.open = false;
    this.uncovered = [];
  }

  /**
   * The request waits, at this tick. Returns whether it may go as far as is known of the budget: one that is not covered keeps back
   * no other. Past its deadline it ends, whatever its budget.
   */
  waits({ request_id, deadline_at }: BacklogEntry, needsOf: () => Reservation): boolean {
    let it = this.#waiting.get(request_id);
    if (it === undefined || this.#now >= it.until) {
      it = { needs: needsOf(), until: this.#now + SIZED_FOR_MS, seenAt: this.#now };
      this.#waiting.set(request_id, it);
    }
    it.seenAt = this.#now;
    if (this.isShort(it.needs)) return deadline_at <= this.#now;
    this.open = true;
    return true;
  }

  /** All that wait have been seen: the others have gone. */
  forgetOthers(): void {
    for (const [id, { seenAt }] of this.#waiting) if (seenAt < this.#now) this.#waiting.delete(id);
  }

  /** By what is known of the budget, it does not cover the request now. */
  keepsBack(requestId: string): boolean {
    const known = this.#waiting.get(requestId);
    return known !== undefined && this.isShort(known.needs);
  }

  get keepsAny(): boolean {
    for (const { needs } of this.#waiting.values()) if (this.isShort(needs)) return true;
    return false;
  }

  /** What the smallest request needs that is kept back. */
  get leastKept(): Reservation | undefined {
    return this.leastOf([...this.#waiting.values()].filter(({ needs }) => this.isShort(needs)));
  }

  /** What the smallest of them needs: it fits into the rest of the budget, as far as it is known, if any does. */
  leastOf(requests: readonly { needs: Reservation }[]): Reservation | undefined {
    const { left } = this.#rest;
    const some = { tokens: Math.max(1, left.tokens), nano_usd: Math.max(1, left.nano_usd) };
    let least: { needs: Reservation; share: number } | undefined;
    for (const { needs } of requests) {
      const share = shareOf(needs, some);
      if (least === undefined || share < least.share) least = { needs, share };
    }
    return least?.needs;
  }

  /** What is not covered was asked for so long ago that another lane may have given back. */
  get mayAskAgain(): boolean {
    return this.#now >= this.shownAt + ASK_AGAIN_MS;
  }

  /** By what is known, which is asked for again from time to time. What is to be refused does not wait for more. */
  isShort(needs: Reservation): boolean {
    if (this.isUncountable(needs) || this.isTooLarge(needs)) return false;
    if (this.account === undefined) return true;
    return !this.refuses(needs) && !isWithin(needs, this.#rest.left);
  }

  /** What runs may still turn out to cost less than was held for it: refused is only what exceeds what has been spent. */
  refuses(needs: Spending): boolean {
    if (this.#budget.at_limit !== 'refuse' || this.account === undefined) return false;
    return !isWithin(needs, this.#rest.unspent);
  }

  /** The lane's part covers it. */
  covers(needs: Reservation): boolean {
    if (this.held === undefined || this.isUncountable(needs)) return false;
    const { tokens, nano_usd } = this.limit;
    const sum = addSpending(this.#book.used(this.#tenant), needs);
    return (
      (!Number.isFinite(tokens) || sum.tokens <= this.held.tokens) &&
      (!Number.isFinite(nano_usd) || sum.nano_usd <= this.held.nano_usd)
    );
  }

  /** It exceeds the budget of a whole day. */
  isTooLarge(needs: Spending): boolean {
    // A budget of nothing stops a tenant for a while. It says nothing about the size of a request.
    return !isOfNothing(this.limit) && !isWithin(needs, this.limit);
  }

  /** A budget in dollars cannot be kept where a call's price is not known. */
  isUncountable({ unpriced }: Reservation): boolean {
    return unpriced === true && Number.isFinite(this.limit.nano_usd);
  }

  get isUsedUp(): boolean {
    return this.account?.lanes[this.#lane]?.lacks === 'used_up';
  }

  get isWorthShowing(): boolean {
    if (this.#now < this.shownAt + SHOW_EVERY_MS) return false;
    const part = this.account?.lanes[this.#lane];
    if (part === undefined) return false;
    const spent = this.#book.spent(this.#tenant);
    if (this.waiting) {
      const since = addSpending(spent, part.spent, -1);
      const step = partSpent({ ...UNUSED, lanes: { '': { ...part, spent: since } } }, this.limit);
      return step >= SHOW_STEP || (part.lacks !== undefined && !this.keepsAny);
    }
    const shown = { ...part, held: this.#book.used(this.#tenant), spent, lacks: undefined };
    return JSON.stringify(shown) !== JSON.stringify(part);
  }

  /** Worked out once for all requests, until something of it changes: each is asked for in every tick. */
  get #rest(): Rest {
    const account = this.account ?? UNUSED;
    const spent = this.#book.spent(this.#tenant);
    const used = this.#book.used(this.#tenant);
    const of = [account, used, spent, this.limit];
    if (this.#known === undefined || of.some((it, i) => it !== this.#known?.of[i])) {
      // What has ended since may have cost less than was held for it.
      const left = leftFor(account, this.#lane, used, this.limit);
      const since = addSpending(spent, account.lanes[this.#lane]?.spent ?? NO_SPENDING, -1);
      const unspent = addSpending(addSpending(this.limit, spentOf(account), -1), since, -1);
      this.#known = { of, left, unspent };
    }
    return this.#known;
  }
}
