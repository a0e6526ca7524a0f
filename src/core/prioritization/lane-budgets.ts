/**
 * Keeps one lane within the budgets of its tenants. The lane's part of each budget is taken beforehand, in one write, and releases
 * within it cost no call. A lane of a stack without budgets does nothing here.
 */
import { BudgetBook } from '../budgets/book.ts';
import { budgetUsedUp, exceedsBudget, priceUnknown } from '../budgets/refusals.ts';
import { type Reservation, reservationOf } from '../budgets/spending.ts';
import { concurrently } from '../concurrently.ts';
import { NO_SPENDING, type Spending, type TenantBudget } from '../lane/budgets.ts';
import type { SlotTotals } from '../lane/call-counters.ts';
import { ownOf } from '../request/own.ts';
import type { BacklogEntry } from '../request/ports.ts';
import type { RequestError } from '../request/record.ts';
import { LaneParts, type LanePartsOptions, type LanePartsPorts } from './lane-parts.ts';
import { TenantDay, type Uncovered } from './tenant-day.ts';

const CONCURRENT_WRITES = 20;
/** Bytes of tenants' names that a lane's figures have room for. */
const MOST_KEPT_BYTES = 100;

export interface Refused {
  entry: BacklogEntry;
  error: RequestError;
}

type Sized = { reserved: number; maxTokens: number };

export class LaneBudgets {
  readonly #book: BudgetBook;
  readonly #days = new Map<string, TenantDay>();
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
    sizeOf: (entry: BacklogEntry) => Sized,
  ): BacklogEntry[][] {
    this.#now = now;
    this.#budgets = budgets;
    if (!this.isActive) return queues;
    if (this.#book.turn(now)) this.#days.clear();
    this.#book.takeIn(now, reports);
    for (const [tenant, day] of this.#days) day.begin(now, ownOf(this.#budgets, tenant) ?? {});
    const candidates = queues.map((queue) =>
      queue.filter((entry) => {
        if (!this.has(entry.tenant)) return true;
        return this.#dayOf(entry.tenant).waits(entry, () => needsOf(entry, sizeOf(entry)));
      }),
    );
    for (const day of this.#days.values()) day.forgetOthers();
    return candidates;
  }

  has(tenant: string): boolean {
    return Object.hasOwn(this.#budgets, tenant);
  }

  /** The request is left out for now. */
  keepsBack({ request_id, tenant }: Pick<BacklogEntry, 'request_id' | 'tenant'>): boolean {
    return this.#days.get(tenant)?.keepsBack(request_id) === true;
  }

  /**
   * Tenants whose requests are left out, as many as the lane's figures have room for; so many of them, the first ones, have used up
   * their budgets.
   */
  get kept(): { kept?: string[]; used_up?: number } {
    let room = MOST_KEPT_BYTES;
    const kept = [...this.#days]
      .filter(([, day]) => day.keepsAny)
      .sort(([, a], [, b]) => Number(b.isUsedUp) - Number(a.isUsedUp))
      .filter(([tenant]) => {
        const fits = tenant.length <= room;
        if (fits) room -= tenant.length;
        return fits;
      });
    if (kept.length === 0) return {};
    const used_up = kept.filter(([, { isUsedUp }]) => isUsedUp).length;
    return { kept: kept.map(([tenant]) => tenant), ...(used_up > 0 && { used_up }) };
  }

  /** Whether the lane's part of the budget covers the request. What it does not cover is dealt with by {@link settle}. */
  admits(entry: BacklogEntry, size: Sized): boolean {
    if (!this.has(entry.tenant)) return true;
    const day = this.#dayOf(entry.tenant);
    const needs = needsOf(entry, size);
    if (day.covers(needs)) return true;
    day.uncovered.push({ entry, needs });
    return false;
  }

  /** The request is released. */
  took(entry: BacklogEntry, size: Sized): void {
    this.#reserve(this.#now, entry, size, 1);
  }

  /** The request was not released after all. */
  refund(releasedAt: number, entry: BacklogEntry, size: Sized): void {
    this.#reserve(releasedAt, entry, size, -1);
  }

  /** After a tick, whose plan has been written: takes, gives back and shows. Returns the requests that end here. */
  async settle(): Promise<Refused[]> {
    if (!this.isActive) return [];
    const isLoaded = await this.#parts.load((tenant) => (this.has(tenant) ? this.#dayOf(tenant) : undefined));
    if (!isLoaded) return [];
    const refused: Refused[] = [];
    await concurrently([...this.#days], CONCURRENT_WRITES, async ([tenant, day]) => {
      if (!this.has(tenant)) return;
      if (day.uncovered.length > 0) refused.push(...(await this.#ask(tenant, day)));
      else if (day.mayAskAgain && day.keepsAny) await this.#askFor(tenant, day, day.leastKept);
      else if (day.isWorthShowing) await this.#adjust(tenant, day, day.waiting ? NO_SPENDING : undefined);
    });
    return refused;
  }

  /** Gives back all that is not needed, when the lane is left. */
  async leave(): Promise<void> {
    if (!this.isActive) return;
    await concurrently([...this.#days], CONCURRENT_WRITES, async ([tenant, day]) => {
      if (!this.has(tenant) || day.account === undefined) return;
      await this.#adjust(tenant, day, day.leastKept, true);
    });
  }

  /** Some tenant has a budget. */
  get isActive(): boolean {
    return Object.keys(this.#budgets).length > 0;
  }

  /** For what the lane's part did not cover. Returns what is not to wait for more. */
  async #ask(tenant: string, day: TenantDay): Promise<Refused[]> {
    const isNever = ({ needs }: Uncovered) => day.isUncountable(needs) || day.isTooLarge(needs);
    const never = day.uncovered.filter(isNever).map(({ entry, needs }) => ({
      entry,
      error: day.isUncountable(needs)
        ? priceUnknown(tenant, entry.lane)
        : exceedsBudget(tenant, needs, ownOf(this.#budgets, tenant) ?? {}),
    }));
    const others = day.uncovered.filter((it) => !isNever(it));
    await this.#askFor(tenant, day, day.leastOf(others));
    const over = others.filter(({ needs }) => day.refuses(needs));
    const usedUp = budgetUsedUp(tenant, this.#book.day, day.limit);
    return [...never, ...over.map(({ entry }) => ({ entry, error: usedUp }))];
  }

  /** Unless it is known, from a short while ago, that it would be in vain. */
  async #askFor(tenant: string, day: TenantDay, needs: Reservation | undefined): Promise<void> {
    if (needs === undefined) return;
    if (day.isShort(needs)) {
      if (!day.mayAskAgain) return;
      // What is known may be old by now: another lane may have given back.
      day.account = undefined;
    }
    await this.#adjust(tenant, day, needs);
  }

  #adjust(tenant: string, day: TenantDay, needs?: Spending, leaves = false): Promise<void> {
    const { limit, open: keeps } = day;
    return this.#parts.adjust(tenant, day, { now: this.#now, limit, needs, keeps, leaves });
  }

  #reserve(releasedAt: number, entry: BacklogEntry, size: Sized, sign: 1 | -1): void {
    if (!this.has(entry.tenant)) return;
    this.#book.reserve(releasedAt, entry.tenant, needsOf(entry, size), sign);
  }

  #dayOf(tenant: string): TenantDay {
    const known = this.#days.get(tenant);
    if (known !== undefined) return known;
    const day = new TenantDay(tenant, this.#lane, this.#book);
    day.begin(this.#now, ownOf(this.#budgets, tenant) ?? {});
    this.#days.set(tenant, day);
    return day;
  }
}

function needsOf({ lane }: BacklogEntry, { reserved, maxTokens }: Sized): Reservation {
  return reservationOf(lane, reserved, maxTokens);
}
