/**
 * The lane's part of each tenant's budget, in the account that all lanes share: it is taken before anything is released, and what is
 * not needed is given back.
 */
import { adjusted, saysTheSame } from '../budgets/account.ts';
import type { BudgetBook } from '../budgets/book.ts';
import type { BudgetAccount, BudgetAccounts, Spending } from '../lane/budgets.ts';
import type { Log } from '../log.ts';
import { ownOf } from '../request/own.ts';
import { budgetNoticeLine } from './metrics.ts';

export interface LanePartsPorts {
  budgets: BudgetAccounts;
  log: Log;
  emit(line: object): void;
}

export interface LanePartsOptions {
  lane: string;
  /** Of the leader. */
  token: number;
  metricsNamespace: string;
}

/** The lane's part of a tenant's budget of the day, as this leader knows it. */
export interface Part {
  account?: BudgetAccount;
  /** What the lane may spend; absent until this leader has said so in the account. */
  held?: Spending;
  shownAt: number;
}

export interface Adjustment {
  now: number;
  /** Of the tenant. */
  limit: Spending;
  /** What the lane is to hold beside what is used, at least; absent: nothing waits for it. */
  needs?: Spending;
  /** Something else waits for what the lane holds. */
  keeps?: boolean;
  /** The lane is left. */
  leaves?: boolean;
}

export class LaneParts {
  readonly #ports: LanePartsPorts;
  readonly #options: LanePartsOptions;
  readonly #book: BudgetBook;
  /** The day whose accounts have been looked at. */
  #loadedDay: string | undefined;

  constructor(ports: LanePartsPorts, options: LanePartsOptions, book: BudgetBook) {
    this.#ports = ports;
    this.#options = options;
    this.#book = book;
  }

  /**
   * Once for each leader and day: a leader that died may have left the lane a part that nobody needs. False: it could not be read.
   * @param partOf of a tenant that has a budget
   */
  async load(partOf: (tenant: string) => Part | undefined): Promise<boolean> {
    const { day } = this.#book;
    if (this.#loadedDay === day) return true;
    const { lane } = this.#options;
    try {
      for (const { tenant, account } of await this.#ports.budgets.list(day)) {
        const left = ownOf(account.lanes, lane);
        if (left === undefined) continue;
        const part = partOf(tenant);
        if (part === undefined) continue;
        if (!this.#book.has(tenant)) this.#book.adopt(tenant, left.spent);
        part.account = account;
      }
      this.#loadedDay = day;
    } catch (error) {
      this.#tell(error);
    }
    return this.#loadedDay === day;
  }

  /** Writes what the lane has spent and holds, and gives notice of what that amounts to. */
  async adjust(tenant: string, part: Part, { now, limit, ...wants }: Adjustment): Promise<void> {
    const { budgets, log, emit } = this.#ports;
    const { lane, token, metricsNamespace } = this.#options;
    const { day } = this.#book;
    part.shownAt = now;
    try {
      for (const attempt of ['first', 'again']) {
        if (part.account === undefined || attempt === 'again') part.account = await budgets.read(day, tenant);
        const of = { used: this.#book.used(tenant), spent: this.#book.spent(tenant), ...wants };
        const next = adjusted(part.account, { lane, token, ...of }, limit);
        // Another leader has the lane: what this one knows counts no more.
        if (next === undefined) break;
        if (next.notice !== undefined) {
          // Before the write: a notice may come twice, but none is lost.
          log('budget.notice', { tenant, day, percent: next.notice, lane });
          emit(budgetNoticeLine(metricsNamespace, now, { Tenant: tenant, Percent: next.notice }));
        }
        if (saysTheSame(part.account, next.account) || (await budgets.write(day, tenant, next.account))) {
          part.account = next.account;
          part.held = ownOf(next.account.lanes, lane)?.held;
          return;
        }
      }
    } catch (error) {
      this.#tell(error, tenant);
    }
    // A write may have taken effect without an answer: nothing is released by what was known before.
    part.account = undefined;
    part.held = undefined;
  }

  /** Tenants with budgets wait; nobody else does. */
  #tell(error: unknown, tenant?: string): void {
    const name = error instanceof Error ? error.name : 'unknown';
    this.#ports.log('budget.failed', { lane: this.#options.lane, tenant, error: name });
  }
}
