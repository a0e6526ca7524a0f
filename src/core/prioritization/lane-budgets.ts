/**
 * Keeps one lane within the budgets of its tenants. The lane's part of each budget is taken beforehand, in one write, and releases
 * within it cost no call. A lane of a stack without budgets does nothing here.
 */
import { leftFor, partSpent, shareOf, spentOf, UNUSED } from '../budgets/account.ts';
import { BudgetBook } from '../budgets/book.ts';
import { budgetUsedUp, exceedsBudget, priceUnknown } from '../budgets/refusals.ts';
import { type Reservation, reservationOf } from '../budgets/spending.ts';
import { concurrently } from '../concurrently.ts';
import {
  addSpending,
  type BudgetAccount,
  isWithin,
  limitOf,
  NO_SPENDING,
  type Spending,
  type TenantBudget,
} from '../lane/budgets.ts';
import type { SlotTotals } from '../lane/call-counters.ts';
import type { BacklogEntry } from '../request/ports.ts';
import type { RequestError } from '../request/record.ts';
import { LaneParts, type LanePartsOptions, type LanePartsPorts, type Part } from './lane-parts.ts';

/** A budget that covers nothing more is asked again this often: another lane may have given back, or a call cost less. */
const ASK_AGAIN_MS = 5_000;
/** What has been spent is shown this often, and what is not needed is given back as soon. */
const SHOW_EVERY_MS = 5_000;
/** While requests wait, only once so much of the budget has been spent since. */
const SHOW_STEP = 0.01;
const CONCURRENT_WRITES = 20;
/** Tenants that are told to others. */
const MOST_KEPT_BYTES = 100;

/** A request that its tenant's budget does not cover now. */
interface Uncovered {
  entry: BacklogEntry;
  needs: Reservation;
}

export interface Refused {
  entry: BacklogEntry;
  error: RequestError;
}

/** A tenant's day, as this leader sees it. */
interface Seen extends Part {
  /** Requests wait, at this tick. */
  waiting: boolean;
  uncovered: Uncovered[];
  /** What the smallest of them needed when the budget did not cover it, and until when they are left out. */
  short?: { needs: Spending; until: number };
}

type Sized = { reserved: number; maxTokens: number };

export class LaneBudgets {
  readonly #book: BudgetBook;
  readonly #seen = new Map<string, Seen>();
  readonly #parts: LaneParts;
  readonly #lane: string;
  #budgets: Readonly<Record<string, TenantBudget>> = {};
  #now = 0;

  /** @param plan what the last leader has left */
  constructor(ports: LanePartsPorts, options: LanePartsOptions & { leaseMs: number }, plan?: string) {
    this.#lane = options.lane;
    this.#book = new BudgetBook(options.leaseMs, plan === undefined ? undefined : JSON.parse(plan).budgets);
    this.#parts = new LaneParts(ports, options, this.#book);
  }

  /** The plan with the lane's book in it, for a successor. */
  inPlan(plan: string): string {
    if (!this.isActive || this.#book.isEmpty) return plan;
    return `${plan.slice(0, -1)},"budgets":${JSON.stringify(this.#book.snapshot())}}`;
  }

  /** Before a tick: takes in what calls have spent, and returns the queues without what no budget covers now. */
  begin(
    now: number,
    reports: readonly SlotTotals[],
    budgets: Readonly<Record<string, TenantBudget>>,
    queues: BacklogEntry[][],
  ): BacklogEntry[][] {
    this.#now = now;
    this.#budgets = budgets;
    if (!this.isActive) return queues;
    if (this.#book.turn(now)) this.#seen.clear();
    this.#book.takeIn(now, reports);
    for (const seen of this.#seen.values()) Object.assign(seen, { waiting: false, uncovered: [] });
    return queues.map((queue) => queue.filter((entry) => this.#isCandidate(entry)));
  }

  has(tenant: string): boolean {
    return Object.hasOwn(this.#budgets, tenant);
  }

  /** Requests of this tenant are left out for now. */
  keepsBack(tenant: string): boolean {
    const { short } = this.#seen.get(tenant) ?? {};
    return short !== undefined && this.#now < short.until && this.#isShort(tenant);
  }

  /** By what is known of the budget. It is asked for again from time to time. */
  #isShort(tenant: string): boolean {
    const { short, account } = this.#seen.get(tenant) ?? {};
    if (short === undefined) return false;
    if (account === undefined) return true;
    if (this.#refuses(tenant, short.needs, account)) return false;
    // What has ended since may have cost less than was held for it.
    const used = this.#book.used(tenant);
    return !isWithin(short.needs, leftFor(account, this.#lane, used, this.#limitOf(tenant)));
  }

  /**
   * Tenants that are left out and have requests waiting, as many as the lane's figures have room for; so many of them, the first
   * ones, have used up their budgets.
   */
  get kept(): { kept?: string[]; used_up?: number } {
    let room = MOST_KEPT_BYTES;
    const kept = [...this.#seen]
      .filter(([tenant, { waiting }]) => waiting && this.#isShort(tenant))
      .map(([tenant, { account }]) => ({ tenant, isUsedUp: account?.lanes[this.#lane]?.lacks === 'used_up' }))
      .sort((a, b) => Number(b.isUsedUp) - Number(a.isUsedUp))
      .filter(({ tenant }) => {
        const fits = tenant.length <= room;
        if (fits) room -= tenant.length;
        return fits;
      });
    if (kept.length === 0) return {};
    const used_up = kept.filter(({ isUsedUp }) => isUsedUp).length;
    return { kept: kept.map(({ tenant }) => tenant), ...(used_up > 0 && { used_up }) };
  }

  /** Whether the lane's part of the budget covers the request. What it does not cover is dealt with by {@link settle}. */
  admits(entry: BacklogEntry, size: Sized): boolean {
    const { tenant } = entry;
    if (!this.has(tenant)) return true;
    const needs = reservationOf(entry.lane, size.reserved, size.maxTokens);
    if (!this.#isUncountable(tenant, needs) && this.#covers(tenant, needs)) return true;
    this.#seenOf(tenant).uncovered.push({ entry, needs });
    return false;
  }

  /** The request is released. */
  took(entry: BacklogEntry, size: Sized): void {
    const seen = this.#seen.get(entry.tenant);
    if (seen !== undefined) seen.short = undefined;
    this.#reserve(this.#now, entry, size, 1);
  }

  /** The request was not released after all. */
  refund(releasedAt: number, entry: BacklogEntry, size: Sized): void {
    this.#reserve(releasedAt, entry, size, -1);
  }

  /** After a tick, whose plan has been written: takes, gives back and shows. Returns the requests that end here. */
  async settle(): Promise<Refused[]> {
    if (!this.isActive) return [];
    const isLoaded = await this.#parts.load((tenant) =>
      this.has(tenant) ? this.#seenOf(tenant) : undefined,
    );
    if (!isLoaded) return [];
    const refused: Refused[] = [];
    await concurrently([...this.#seen], CONCURRENT_WRITES, async ([tenant, seen]) => {
      if (!this.has(tenant)) return;
      if (seen.uncovered.length > 0) refused.push(...(await this.#ask(tenant, seen)));
      // While the quota is full, no tick asks for it.
      else if (seen.waiting && seen.short !== undefined && this.#now >= seen.short.until)
        await this.#askFor(tenant, seen, seen.short.needs);
      else if (this.#isWorthShowing(tenant, seen)) {
        await this.#adjust(tenant, seen, seen.waiting ? NO_SPENDING : undefined);
      }
    });
    return refused;
  }

  /** Gives back all that is not needed, when the lane is left. */
  async leave(): Promise<void> {
    if (!this.isActive) return;
    await concurrently([...this.#seen], CONCURRENT_WRITES, async ([tenant, seen]) => {
      if (!this.has(tenant) || seen.account === undefined) return;
      await this.#adjust(tenant, seen, seen.waiting ? seen.short?.needs : undefined, true);
    });
  }

  /** Some tenant has a budget. */
  get isActive(): boolean {
    return Object.keys(this.#budgets).length > 0;
  }

  /** A request past its deadline ends, whatever its budget. */
  #isCandidate({ tenant, deadline_at }: BacklogEntry): boolean {
    if (!this.has(tenant)) return true;
    this.#seenOf(tenant).waiting = true;
    return deadline_at <= this.#now || !this.keepsBack(tenant);
  }

  /** For what the lane's part did not cover. Returns what is not to wait for more. */
  async #ask(tenant: string, seen: Seen): Promise<Refused[]> {
    const limit = this.#limitOf(tenant);
    // A budget of nothing stops a tenant for a while. It says nothing about the size of a request.
    const isStopped = limit.tokens === 0 || limit.nano_usd === 0;
    const never = seen.uncovered.filter(
      ({ needs }) => this.#isUncountable(tenant, needs) || !(isStopped || isWithin(needs, limit)),
    );
    const refused = never.map(({ entry, needs }) => ({
      entry,
      error: this.#isUncountable(tenant, needs)
        ? priceUnknown(tenant, entry.lane)
        : exceedsBudget(tenant, needs, this.#budgets[tenant] ?? {}),
    }));
    const others = seen.uncovered.filter((it) => !never.includes(it));
    const shareLeft = this.#shareLeft(tenant, seen);
    const [least] = others.sort((a, b) => shareLeft(a) - shareLeft(b));
    if (least === undefined) return refused;
    await this.#askFor(tenant, seen, least.needs);
    const { account } = seen;
    if (seen.short === undefined || account === undefined) return refused;
    const over = others.filter(({ needs }) => this.#refuses(tenant, needs, account));
    return [...refused, ...over.map(({ entry }) => ({ entry, error: budgetUsedUp(tenant, this.#book.day) }))];
  }

  /** What part of the rest of the budget, as far as it is known, a request needs: the least fits if any does. */
  #shareLeft(tenant: string, { account = UNUSED }: Seen): (it: Uncovered) => number {
    const left = leftFor(account, this.#lane, this.#book.used(tenant), this.#limitOf(tenant));
    const some = { tokens: Math.max(1, left.tokens), nano_usd: Math.max(1, left.nano_usd) };
    return ({ needs }) => shareOf(needs, some);
  }

  async #askFor(tenant: string, seen: Seen, needs: Spending): Promise<void> {
    // What is known may be old by now: another lane may have given back.
    if (seen.short !== undefined) seen.account = undefined;
    await this.#adjust(tenant, seen, needs);
    seen.short = this.#covers(tenant, needs) ? undefined : { needs, until: this.#now + ASK_AGAIN_MS };
  }

  /** What runs may still turn out to cost less than was held for it: refused is only what exceeds what has been spent. */
  #refuses(tenant: string, needs: Spending, account: BudgetAccount): boolean {
    if (this.#budgets[tenant]?.at_limit !== 'refuse') return false;
    const part = account.lanes[this.#lane];
    const since = addSpending(this.#book.spent(tenant), part?.spent ?? NO_SPENDING, -1);
    const left = addSpending(addSpending(this.#limitOf(tenant), spentOf(account), -1), since, -1);
    return !isWithin(needs, left);
  }

  #adjust(tenant: string, seen: Seen, needs?: Spending, leaves = false): Promise<void> {
    return this.#parts.adjust(tenant, seen, { now: this.#now, limit: this.#limitOf(tenant), needs, leaves });
  }

  #isWorthShowing(tenant: string, seen: Seen): boolean {
    if (this.#now < seen.shownAt + SHOW_EVERY_MS) return false;
    const part = seen.account?.lanes[this.#lane];
    if (part === undefined) return false;
    const spent = this.#book.spent(tenant);
    if (seen.waiting) {
      const since = addSpending(spent, part.spent, -1);
      const step = partSpent({ ...UNUSED, lanes: { '': { ...part, spent: since } } }, this.#limitOf(tenant));
      return step >= SHOW_STEP || (part.lacks !== undefined && !this.keepsBack(tenant));
    }
    const shown = { ...part, held: this.#book.used(tenant), spent, lacks: undefined };
    return JSON.stringify(shown) !== JSON.stringify(part);
  }

  #covers(tenant: string, needs: Spending): boolean {
    const held = this.#seen.get(tenant)?.held;
    if (held === undefined) return false;
    const { tokens, nano_usd } = this.#limitOf(tenant);
    const sum = addSpending(this.#book.used(tenant), needs);
    return (
      (!Number.isFinite(tokens) || sum.tokens <= held.tokens) &&
      (!Number.isFinite(nano_usd) || sum.nano_usd <= held.nano_usd)
    );
  }

  /** A budget in dollars cannot be kept where a call's price is not known. */
  #isUncountable(tenant: string, { unpriced }: Reservation): boolean {
    return unpriced === true && Number.isFinite(this.#limitOf(tenant).nano_usd);
  }

  #reserve(releasedAt: number, entry: BacklogEntry, { reserved, maxTokens }: Sized, sign: 1 | -1): void {
    if (!this.has(entry.tenant)) return;
    this.#book.reserve(releasedAt, entry.tenant, reservationOf(entry.lane, reserved, maxTokens), sign);
  }

  #limitOf(tenant: string): Spending {
    return limitOf(this.#budgets[tenant] ?? {});
  }

  #seenOf(tenant: string): Seen {
    const seen = this.#seen.get(tenant) ?? {
      waiting: false,
      uncovered: [],
      shownAt: Number.NEGATIVE_INFINITY,
    };
    this.#seen.set(tenant, seen);
    return seen;
  }
}
