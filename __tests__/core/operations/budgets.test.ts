import { describe, expect, it } from 'vitest';
import { budgetsText } from '../../../src/cli/report/budgets-text.ts';
import { overviewText } from '../../../src/cli/report/overview-text.ts';
import type { BudgetAccount, TenantBudget } from '../../../src/core/lane/budgets.ts';
import type { Limits } from '../../../src/core/lane/catalog/limits.ts';
import type { Pause } from '../../../src/core/lane/ports.ts';
import { lackOf, mayRunOut, viewBudgets } from '../../../src/core/operations/budgets.ts';
import { type LaneOverview, viewOverview } from '../../../src/core/operations/overview.ts';
import { whyOf } from '../../../src/core/operations/why.ts';
import { createMemoryCloud } from '../../../src/memory/cloud.ts';
import { createReportRows } from '../../../src/memory/reporting.ts';
import { createWorld, LANE } from '../../fixtures/prioritization-world.ts';

const NOW = Date.parse('2026-11-26T18:00:00Z');
const clock = { now: () => NOW };
const amount = (tokens: number, usd = 0) => ({ tokens, nano_usd: usd * 1e9 });

/** Of tenant acme, which two lanes spend from. */
const ACCOUNT: BudgetAccount = {
  version: 1,
  lanes: {
    'a:geo': { token: 1, held: amount(6_000, 2), spent: amount(5_000, 1.5) },
    'b:geo': { token: 1, held: amount(3_500, 1), spent: amount(3_500, 1), lacks: 'used_up' },
  },
  noticed: 100,
};

async function viewsOf(budgets: Record<string, TenantBudget>, account?: BudgetAccount) {
  const { ports } = createMemoryCloud({ settings: { tenant_budgets: budgets } });
  if (account !== undefined) await ports.budgets.write('2026-11-26', 'acme', account);
  return viewBudgets(ports, clock);
}

describe('budgets of today', () => {
  it.each<[string, TenantBudget, number, boolean]>([
    ['the tokens before it and its own exceed what is left', { tokens_per_day: 10_000 }, 1_501, true],
    ['they fit but for what running calls hold', { tokens_per_day: 10_000 }, 501, true],
    ['they fit beside what running calls hold', { tokens_per_day: 10_000 }, 500, false],
    ['little is left in dollars', { usd_per_day: 3 }, 1, true],
    ['much is left in dollars', { usd_per_day: 30 }, 1, false],
  ])('may run out before a request: %s', async (_, budget, tokens, expected) => {
    const views = await viewsOf({ acme: budget }, { ...ACCOUNT, noticed: undefined });
    expect(mayRunOut(views, 'acme', tokens)).toBe(expected);
    expect(mayRunOut(views, 'another', 1_000_000)).toBe(false);
  });

  it('are what all lanes have spent and hold, the most used first', async () => {
    const views = await viewsOf(
      { other: { usd_per_day: 3 }, acme: { tokens_per_day: 10_000, usd_per_day: 10, at_limit: 'refuse' } },
      ACCOUNT,
    );
    expect(views).toEqual([
      {
        tenant: 'acme',
        day: '2026-11-26',
        tokens: { limit: 10_000, spent: 8_500, held: 1_000 },
        usd: { limit: 10, spent: 2.5, held: 0.5 },
        part: 0.85,
        state: 'used up',
        at_limit: 'refuse',
        lacking: [{ lane: 'b:geo', lacks: 'used_up' }],
      },
      {
        tenant: 'other',
        day: '2026-11-26',
        usd: { limit: 3, spent: 0, held: 0 },
        part: 0,
        state: 'within',
        at_limit: 'wait',
        lacking: [],
      },
    ]);
    expect(
      budgetsText(views.map((view) => ({ ...view, tokens: { limit: 0, spent: 0, held: 0 } }))),
    ).toContain('  acme: requests of b:geo are refused until tenant_budgets allows more.');
    expect(lackOf(views, 'acme', 'b:geo')).toMatchObject({ lacks: 'used_up' });
    expect(lackOf(views, 'acme', 'a:geo')).toBeUndefined();
    expect(lackOf(views, 'nobody', 'b:geo')).toBeUndefined();
    expect(budgetsText(views)).toBe(
      [
        'tenant, 2026-11-26  budget of  spent   held   limit  used    state',
        'acme                   tokens   8.5k     1k     10k  85 %  used up',
        'acme                  dollars  $2.50  $0.50  $10.00  25 %  used up',
        'other                 dollars     $0     $0   $3.00   0 %   within',
        '  acme: requests of b:geo are refused until 00:00 UTC, or until tenant_budgets allows more.',
      ].join('\n'),
    );
  });

  it.each<[TenantBudget]>([[{ tokens_per_day: 0 }], [{ usd_per_day: 0 }]])(
    'of zero are used up before the first request: %j',
    async (budget) => {
      expect(await viewsOf({ acme: budget })).toMatchObject([{ part: 1, state: 'used up', lacking: [] }]);
    },
  );

  it('are nothing where nobody has one, and no table is asked', async () => {
    const { ports } = createMemoryCloud();
    ports.budgets.list = () => Promise.reject(new Error('Nobody has a budget'));
    expect(await viewBudgets(ports, clock)).toEqual([]);
    expect(budgetsText([])).toBe('');
  });
});

it('what waits for a budget is told apart, and does not seem to drain', async () => {
  const world = createWorld({ laneSettings: { tenant_budgets: { acme: { tokens_per_day: 0 } } } });
  for (let index = 0; index < 5; index++) await world.submit(`r${index}`, { tenant: 'acme' });
  world.clock.at(world.clock.now(), () => world.clock.spawn(() => world.prioritize()));
  await world.clock.run(world.clock.now() + 50_000);
  const ports = { ...world.ports, rows: createReportRows() };
  const [alone] = await viewOverview(ports, world.clock);
  expect(overviewText([alone as LaneOverview], world.clock.now())).toMatch(
    /Only budgets of tenants keep work waiting\.[\s\S]*; 5 of them wait for budgets$/m,
  );
  await world.submit('other', { tenant: 'other' });
  await world.submit('another', { tenant: 'other' });
  await world.clock.run(world.clock.now() + 1_000);
  const [lane] = await viewOverview(ports, world.clock);
  expect(lane).toMatchObject({ kept: ['acme'], backlog: { requests: 7, kept: 5 } });
  // 600 a minute.
  expect(lane?.drain_ms).toBeCloseTo(200, 0);
  expect(overviewText([lane as LaneOverview], world.clock.now())).toMatch(
    /Nothing binds: what waits is being released\.[\s\S]*; 5 of them wait for budgets; the others will be gone in about 200 ms$/m,
  );
  const why = await whyOf(ports, 'another', world.clock);
  expect((why?.expected_start?.p50 ?? 0) - world.clock.now()).toBeLessThan(2_000);
});

describe('why a request waits', () => {
  async function whyAfter(
    budget: TenantBudget,
    waitMs: number,
    answerMs = 1_000,
    limits?: Limits,
    pause?: Pause,
  ) {
    const world = createWorld({
      limits,
      laneSettings: { tenant_budgets: { acme: budget } },
      answer: async (_call, { clock }) => {
        await clock.sleep(answerMs);
        return { body: '{}', usage: { input_tokens: 100, output_tokens: 400 } };
      },
    });
    for (let index = 0; index < 20; index++) {
      await world.submit(`r${index}`, { tenant: 'acme', backlog_order: world.clock.now() + index });
    }
    await world.submit('other', { tenant: 'other' });
    world.clock.at(world.clock.now(), () => world.clock.spawn(() => world.prioritize()));
    await world.clock.run(world.clock.now() + waitMs);
    const waiting = [...world.cloud.table.all()].findLast(
      ({ status, tenant }) => status === 'RECEIVED' && tenant === 'acme',
    )?.request_id;
    await world.ports.control.setPause(LANE, pause);
    const ports = { ...world.ports, rows: createReportRows() };
    return whyOf(ports, waiting ?? '', world.clock);
  }

  it("says that its tenant's budget is used up, and expects it after midnight", async () => {
    const why = await whyAfter({ tokens_per_day: 6_000 }, 50_000);
    expect(why?.says[0]).toBe("Its tenant's budget for 2001-09-09 is used up. It continues at 00:00 UTC.");
    expect(why?.remedy).toContain('tenant_budgets');
    expect(why?.expected_start?.p50).toBeGreaterThan(Date.parse('2001-09-10T00:00:00Z'));
    expect(why?.lane).toMatchObject({ lane: LANE, bound: undefined });
  });

  it.each<[string, TenantBudget]>([
    ['tokens', { tokens_per_day: 2_100 }],
    ['dollars', { usd_per_day: 0.0005 }],
  ])('gives no time where what is before it may use up the next day, too, in %s', async (_, budget) => {
    const why = await whyAfter(budget, 50_000);
    expect(why?.says[1]).toBe(
      'What is before it may use up the budget of that day, too: no time can be given.',
    );
    expect(why).toMatchObject({ expected_start: undefined, deadline: undefined });
  });

  it.each<[string, TenantBudget]>([
    ['tokens', { tokens_per_day: 0 }],
    ['dollars', { usd_per_day: 0 }],
  ])('promises no day to a tenant whose budget is zero, in %s', async (_, budget) => {
    const why = await whyAfter(budget, 50_000);
    expect(why?.says[0]).toBe('The budget of acme is zero: its requests wait for as long as it is.');
    expect(why).toMatchObject({ expected_start: undefined, deadline: undefined });
  });

  it('says that the lane is paused, too', async () => {
    const why = await whyAfter({ tokens_per_day: 6_000 }, 50_000, 1_000, undefined, { by: 'ada' });
    expect(why?.says[0]).toContain('budget for 2001-09-09 is used up');
    expect(why?.says.at(-1)).toBe(`${LANE}: Paused by ada.`);
    expect(why?.remedy).toContain('smoother resume');
    expect(why?.expected_start).toBeUndefined();
  });

  it('gives no time where its budget may be used up before its turn', async () => {
    const limits = { requests_per_minute: 4, tokens_per_minute: 1_000_000 };
    const why = await whyAfter({ tokens_per_day: 4_000 }, 20_000, 1_000, limits);
    expect(why?.says.at(-1)).toBe(
      'The budget of acme for today may be used up before its turn: no time can be given.',
    );
    expect(why?.remedy).toContain('tenant_budgets');
    expect(why?.expected_start).toBeUndefined();
    const covered = await whyAfter({ tokens_per_day: 60_000 }, 20_000, 1_000, limits);
    expect(covered?.expected_start).toBeDefined();
  });

  it('says that the rest is held for calls that run', async () => {
    const why = await whyAfter({ tokens_per_day: 2_100 }, 10_000, 30_000);
    expect(why?.says[0]).toBe(
      'What is left of the budget of acme is held for calls that run: it goes on as they end.',
    );
  });
});
