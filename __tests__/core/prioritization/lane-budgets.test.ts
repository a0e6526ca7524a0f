import { expect, it } from 'vitest';
import { reservationOf } from '../../../src/core/budgets/spending.ts';
import type { TenantBudget } from '../../../src/core/lane/budgets.ts';
import { LaneBudgets } from '../../../src/core/prioritization/lane-budgets.ts';
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
    for (const entry of lane.begin(now, [], { acme: budget }, [entries]).flat()) {
      const size = waiting[entry.backlog_order] as Waiting;
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
