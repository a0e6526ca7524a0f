import { describe, expect, it } from 'vitest';
import { reservationOf } from '../../../src/core/budgets/spending.ts';
import type { BudgetAccounts, TenantBudget } from '../../../src/core/lane/budgets.ts';
import { LaneBudgets } from '../../../src/core/prioritization/lane-budgets.ts';
import type { BacklogEntry } from '../../../src/core/request/ports.ts';
import { createBudgets } from '../../../src/memory/lanes.ts';
import { entryOf } from '../../fixtures/entries.ts';

const LANE = 'amazon.nova-lite:on-demand';
const OPTIONS = { lane: LANE, leaseMs: 330_000, metricsNamespace: 'test' };
const MIDNIGHT = Date.parse('2026-11-27T00:00:00Z');
const DAY_MS = 24 * 3_600_000;

interface Waiting {
  reserved: number;
  maxTokens: number;
}

/** Ticks from one moment to another in which the same requests wait. Which of them went, by their index. */
async function lead(lane: LaneBudgets, from: number, to: number, budget: TenantBudget, waiting: Waiting[]) {
  const entries = waiting.map((_, index) => entryOf(index, { lane: LANE, tenant: 'acme' }));
  const went: number[] = [];
  for (let now = from; now < to; now += 200) {
    const sizeOf = (entry: BacklogEntry) => waiting[entry.backlog_order] as Waiting;
    for (const entry of lane.begin(now, [], { acme: budget }, [entries], sizeOf).flat()) {
      const size = sizeOf(entry);
      if (!lane.admits(entry, size)) continue;
      lane.took(entry, size);
      went.push(entry.backlog_order);
    }
    await lane.settle();
  }
  return went;
}

it('a day’s budget is spent once, though a successor’s clock still shows the day before', async () => {
  const ports = { budgets: createBudgets(), log: () => undefined, emit: () => undefined };
  const budget = { tokens_per_day: 10_000 };
  const request = { reserved: 500, maxTokens: 400 };
  const leader = new LaneBudgets(ports, { ...OPTIONS, token: 1 });
  const before = await lead(leader, MIDNIGHT + 200, MIDNIGHT + 1_000, budget, [request]);
  const successor = new LaneBudgets(ports, { ...OPTIONS, token: 2 }, leader.inPlan('{"v":1}'));
  const after = await lead(successor, MIDNIGHT - 1_000, MIDNIGHT + 20_000, budget, [request]);
  expect(before.length + after.length).toBe(20);
  expect(
    await lead(successor, MIDNIGHT + DAY_MS, MIDNIGHT + DAY_MS + 20_000, budget, [request]),
  ).toHaveLength(20);
});

it('a budget in dollars serves what it covers, though another request has fewer tokens', async () => {
  const ports = { budgets: createBudgets(), log: () => undefined, emit: () => undefined };
  // Output costs four times as much as input.
  const dear = { reserved: 10_100, maxTokens: 10_000 };
  const cheap = { reserved: 12_000, maxTokens: 100 };
  const usd_per_day = (1.2 * reservationOf(LANE, dear.reserved, dear.maxTokens).nano_usd) / 1e9;
  const lane = new LaneBudgets(ports, { ...OPTIONS, token: 1 });
  const spent = await lead(lane, MIDNIGHT, MIDNIGHT + 400, { usd_per_day }, [
    { reserved: 5_000, maxTokens: 4_900 },
  ]);
  expect(spent).toEqual([0]);
  const went = await lead(lane, MIDNIGHT + 400, MIDNIGHT + 6_000, { usd_per_day }, [dear, cheap]);
  expect(new Set(went)).toEqual(new Set([1]));
});

describe('a request that the budget does not cover', () => {
  const LARGE = 8_000;
  const SMALL = 500;

  /** For a minute the quota is full: what is looked at does not go. In how many ticks the small one may go, and the large one. */
  async function ticksOf(waiting: number[]): Promise<{ small: number; large: number; calls: number }> {
    let calls = 0;
    const accounts = createBudgets();
    const budgets: BudgetAccounts = {
      ...accounts,
      read: (...args) => {
        calls += 1;
        return accounts.read(...args);
      },
      write: (...args) => {
        calls += 1;
        return accounts.write(...args);
      },
    };
    const ports = { budgets, log: () => undefined, emit: () => undefined };
    const lane = new LaneBudgets(ports, { ...OPTIONS, token: 1 });
    const budget = { tokens_per_day: 10_000 };
    await lead(lane, MIDNIGHT, MIDNIGHT + 400, budget, [{ reserved: 5_000, maxTokens: 400 }]);
    const entries = waiting.map((reserved, index) =>
      entryOf(index, { request_id: `${reserved}`, lane: LANE, tenant: 'acme' }),
    );
    const sizeOf = ({ request_id }: BacklogEntry) => ({ reserved: Number(request_id), maxTokens: 400 });
    const went = { small: 0, large: 0 };
    calls = 0;
    for (let tick = 0; tick < 300; tick++) {
      const now = MIDNIGHT + 1_000 + 200 * tick;
      for (const entry of lane.begin(now, [], { acme: budget }, [entries], sizeOf).flat()) {
        // Not every tick comes as far as the small ones.
        if (sizeOf(entry).reserved === SMALL && tick % 2 === 0) continue;
        if (lane.admits(entry, sizeOf(entry)) && sizeOf(entry).reserved === SMALL) went.small += 1;
        if (sizeOf(entry).reserved === LARGE) went.large += 1;
      }
      await lane.settle();
    }
    return { ...went, calls };
  }

  it('is not looked at, and keeps back no smaller one', async () => {
    const alone = await ticksOf([SMALL]);
    expect(alone.small).toBeGreaterThanOrEqual(149);
    const beside = await ticksOf([LARGE, SMALL]);
    expect(beside).toMatchObject({ small: alone.small, large: 0 });
  });

  it('is asked for every five seconds', async () => {
    expect((await ticksOf([LARGE, SMALL])).calls).toBeLessThanOrEqual(2 * 13);
  });

  it('is covered once another lane has given back', async () => {
    const budgets = createBudgets();
    const ports = { budgets, log: () => undefined, emit: () => undefined };
    const budget = { tokens_per_day: 10_000 };
    const other = new LaneBudgets(ports, { ...OPTIONS, lane: 'amazon.nova-micro:on-demand', token: 1 });
    await lead(other, MIDNIGHT, MIDNIGHT + 400, budget, [{ reserved: 5_000, maxTokens: 400 }]);
    const lane = new LaneBudgets(ports, { ...OPTIONS, token: 1 });
    const waiting = [{ reserved: LARGE, maxTokens: 400 }];
    expect(await lead(lane, MIDNIGHT + 400, MIDNIGHT + 7_000, budget, waiting)).toEqual([]);
    // The lease of what it has released runs out.
    await lead(other, MIDNIGHT + 340_000, MIDNIGHT + 350_000, budget, []);
    expect(await lead(lane, MIDNIGHT + 350_000, MIDNIGHT + 356_000, budget, waiting)).toEqual([0]);
  });
});
