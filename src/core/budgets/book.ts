/**
 * What one lane has spent of its tenants' budgets today. Like the ledger, it holds what is reserved for a release until the call
 * has ended, and counts totals by slot, so that a report that is read twice changes nothing. It is part of the lane's plan.
 */
import { type BudgetEnds, budgetEndsIn } from '../lane/budget-counters.ts';
import { addSpending, dayOf, NO_SPENDING, type Spending } from '../lane/budgets.ts';
import type { SlotTotals } from '../lane/call-counters.ts';
import { SLOT_MS, slotOf } from '../lane/call-report.ts';
import { CLOCK_SKEW_MS } from '../request/times.ts';

interface Slot {
  releases: number;
  reserved: Spending;
  ends: BudgetEnds;
}

interface Page {
  /** Spent in slots whose releases have all ended. */
  settled: Spending;
  slots: Map<number, Slot>;
}

type Amounts = [tokens: number, nanoUsd: number];

export interface BookState {
  day: string;
  tenants: [tenant: string, settled: Amounts, slots: [slot: number, releases: number, ...Amounts][]][];
}

const NO_ENDS: BudgetEnds = { ended: 0, reserved: NO_SPENDING, spent: NO_SPENDING };

export class BudgetBook {
  #day: string;
  readonly #pages = new Map<string, Page>();
  /** As worked out since the last change. */
  readonly #sums = new Map<string, { spent: Spending; used: Spending }>();
  readonly #leaseMs: number;

  /** @param leaseMs when a release that has not ended counts as lost: nothing is held for it any more */
  constructor(leaseMs: number, state: BookState = { day: '', tenants: [] }) {
    this.#leaseMs = leaseMs;
    this.#day = state.day;
    for (const [tenant, settled, slots] of state.tenants) {
      const page = this.#pageOf(tenant);
      page.settled = spendingOf(settled);
      for (const [slot, releases, ...reserved] of slots) {
        page.slots.set(slot, { releases, reserved: spendingOf(reserved), ends: NO_ENDS });
      }
    }
  }

  get isEmpty(): boolean {
    return this.#pages.size === 0;
  }

  has(tenant: string): boolean {
    return this.#pages.has(tenant);
  }

  /** The day that its pages are of. */
  get day(): string {
    return this.#day;
  }

  /** Begins a new page for everybody when the day has turned. True when it has. It never turns back: a successor's clock may be behind. */
  turn(now: number): boolean {
    const day = dayOf(now);
    if (day <= this.#day) return false;
    this.#day = day;
    this.#pages.clear();
    this.#sums.clear();
    return true;
  }

  /** Holds what a release may spend, or with -1 releases what was not released after all. */
  reserve(releasedAt: number, tenant: string, amount: Spending, sign: 1 | -1 = 1): void {
    const known = this.#pages.get(tenant)?.slots.get(slotOf(releasedAt));
    // It was released the day before.
    if (sign === -1 && known === undefined) return;
    const { slots } = this.#pageOf(tenant);
    const slot = known ?? { releases: 0, reserved: NO_SPENDING, ends: NO_ENDS };
    slot.releases += sign;
    slot.reserved = addSpending(slot.reserved, amount, sign);
    slots.set(slotOf(releasedAt), slot);
    this.#sums.delete(tenant);
  }

  takeIn(now: number, reports: readonly SlotTotals[]): void {
    this.#sums.clear();
    for (const { slot, counters } of reports) {
      for (const [tenant, ends] of budgetEndsIn(counters)) {
        const known = this.#pages.get(tenant)?.slots.get(slot);
        if (known !== undefined) known.ends = ends;
      }
    }
    for (const page of this.#pages.values()) {
      for (const [slot, { releases, ends }] of page.slots) {
        const isLost = (slot + 1) * SLOT_MS + this.#leaseMs < now;
        // A slot is longer than a tick, so more may be released in it than has ended; a successor's clock may be behind.
        const isOpen = (slot + 1) * SLOT_MS + CLOCK_SKEW_MS >= now;
        if (isOpen || (ends.ended < releases && !isLost)) continue;
        page.settled = addSpending(page.settled, ends.spent);
        page.slots.delete(slot);
      }
    }
  }

  spent(tenant: string): Spending {
    return this.#sumsOf(tenant).spent;
  }

  /** Spent, and held for what has not ended. */
  used(tenant: string): Spending {
    return this.#sumsOf(tenant).used;
  }

  /** What an earlier plan, which is lost, had spent. */
  adopt(tenant: string, spent: Spending): void {
    this.#pageOf(tenant).settled = spent;
    this.#sums.delete(tenant);
  }

  snapshot(): BookState {
    const tenants = [...this.#pages].map(([tenant, { settled, slots }]): BookState['tenants'][number] => [
      tenant,
      amountsOf(settled),
      [...slots].map(([slot, { releases, reserved }]) => [slot, releases, ...amountsOf(reserved)]),
    ]);
    return { day: this.#day, tenants };
  }

  #sumsOf(tenant: string): { spent: Spending; used: Spending } {
    const known = this.#sums.get(tenant);
    if (known !== undefined) return known;
    const { settled, slots } = this.#pages.get(tenant) ?? newPage();
    let spent = settled;
    let used = settled;
    for (const slot of slots.values()) {
      spent = addSpending(spent, slot.ends.spent);
      used = addSpending(used, addSpending(slot.ends.spent, heldFor(slot)));
    }
    this.#sums.set(tenant, { spent, used });
    return { spent, used };
  }

  #pageOf(tenant: string): Page {
    const page = this.#pages.get(tenant) ?? newPage();
    this.#pages.set(tenant, page);
    return page;
  }
}

function newPage(): Page {
  return { settled: NO_SPENDING, slots: new Map() };
}

function heldFor({ reserved, ends }: Slot): Spending {
  const left = addSpending(reserved, ends.reserved, -1);
  return { tokens: Math.max(0, left.tokens), nano_usd: Math.max(0, left.nano_usd) };
}

function spendingOf([tokens, nano_usd]: Amounts): Spending {
  return { tokens, nano_usd };
}

function amountsOf({ tokens, nano_usd }: Spending): Amounts {
  return [tokens, nano_usd];
}
