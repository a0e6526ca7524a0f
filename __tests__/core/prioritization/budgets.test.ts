import { describe, expect, it } from 'vitest';
import { spentOf } from '../../../src/core/budgets/account.ts';
import { type BudgetAccount, dayOf, type TenantBudget } from '../../../src/core/lane/budgets.ts';
import { laneOf } from '../../../src/core/lane/catalog/catalog.ts';
import type { StoredRecord } from '../../../src/core/request/record.ts';
import {
  createWorld,
  LANE,
  schedule,
  type World,
  type WorldOptions,
} from '../../fixtures/prioritization-world.ts';

const MICRO = 'amazon.nova-micro-v1:0';
/** A model without a price. */
const MISTRAL = 'mistral.mistral-large-2407-v1:0';
/** Of an answer in this world: 100 tokens in and out. A release reserves 100 and 400. */
const PER_CALL = 200;

function worldWith(budget: TenantBudget, options: WorldOptions = {}): World {
  return createWorld({
    ...options,
    laneSettings: { ...options.laneSettings, tenant_budgets: { acme: budget } },
  });
}

/** Minutes of work, led by the schedule, and everything that was begun by then ends. */
async function lead(world: World, minutes: number): Promise<void> {
  const end = world.clock.now() + (minutes + 2) * 60_000;
  schedule(world, minutes);
  await world.clock.run(end);
}

async function submit(
  world: World,
  count: number,
  fields: Parameters<World['submit']>[1] = {},
): Promise<void> {
  const { tenant = 'acme', model_id = 'nova' } = fields;
  for (let index = 0; index < count; index++)
    await world.submit(`${tenant}-${model_id}-${index}`, { tenant, ...fields });
}

function countOf(world: World, status: StoredRecord['status'], tenant = 'acme'): number {
  return [...world.cloud.table.all()].filter((it) => it.status === status && it.tenant === tenant).length;
}

/** By a release. It depends on what has been learned about inputs. */
function mostReserved(world: World): number {
  return Math.max(...world.logged.map(({ fields: { reserved } }) => Number(reserved ?? 0)));
}

async function accountOf(world: World): Promise<BudgetAccount> {
  const account = await world.ports.budgets.read(dayOf(world.clock.now()), 'acme');
  if (account === undefined) throw new Error('There is no account');
  return account;
}

describe('a tenant with a budget', () => {
  it('spends it and no more, then waits for the next day, and holds up nobody', async () => {
    const world = worldWith({ tokens_per_day: 5_000 });
    await submit(world, 60);
    await submit(world, 60, { tenant: 'other' });
    await lead(world, 2);
    expect(countOf(world, 'COMPLETED', 'other')).toBe(60);
    const completed = countOf(world, 'COMPLETED');
    // What is left is less than a release reserves.
    expect(5_000 - completed * PER_CALL).toBeLessThan(mostReserved(world));
    expect(5_000 - completed * PER_CALL).toBeGreaterThanOrEqual(0);
    expect(countOf(world, 'RECEIVED')).toBe(60 - completed);
    const account = await accountOf(world);
    expect(spentOf(account).tokens).toBe(completed * PER_CALL);
    expect(account).toMatchObject({ noticed: 100, lanes: { [LANE]: { lacks: 'used_up' } } });

    await world.clock.run(Date.parse(`${dayOf(world.clock.now())}T23:59:30Z`));
    await lead(world, 2);
    expect(countOf(world, 'COMPLETED')).toBeGreaterThanOrEqual(2 * completed);
    expect(spentOf(await accountOf(world)).tokens).toBe((countOf(world, 'COMPLETED') - completed) * PER_CALL);
  });

  it('does not count as waiting: the lane sleeps, nothing binds, and no request seems old', async () => {
    const answer: WorldOptions['answer'] = async (_call, { clock }) => {
      await clock.sleep(20_000);
      return { body: '{}', usage: { input_tokens: 100, output_tokens: 400 } };
    };
    const world = worldWith({ tokens_per_day: 1_000 }, { answer });
    await submit(world, 20);
    await lead(world, 3);
    const lines = world.emitted.filter((line) => 'OldestWaitingSeconds' in line);
    expect(lines.at(-1)).toMatchObject({ OldestWaitingSeconds: 0 });
    const status = await world.ports.watch.status(LANE);
    expect(status).toMatchObject({ asleep: true, figures: { kept: ['acme'], used_up: 1 } });
    expect(status?.figures?.binds).toBeUndefined();
    expect(countOf(world, 'RECEIVED')).toBeGreaterThan(0);
  });

  it('is known to have used it up while others use the whole quota', async () => {
    const world = worldWith(
      { tokens_per_day: 1_000 },
      { limits: { requests_per_minute: 60, tokens_per_minute: 1_000_000 } },
    );
    await submit(world, 10);
    await lead(world, 1);
    await submit(world, 300, { tenant: 'other' });
    const { clock, ports } = world;
    const begun = clock.now();
    clock.spawn(() => world.prioritize());
    await clock.run(begun + 5_000);
    const called = world.calls.length;
    for (let second = 5; second < 90; second++) {
      await clock.run(begun + second * 1_000);
      const { figures } = (await ports.watch.status(LANE)) ?? {};
      expect(figures, `after ${second} s`).toMatchObject({ kept: ['acme'], used_up: 1 });
      expect((await accountOf(world)).lanes[LANE]?.lacks).toBe('used_up');
    }
    expect(world.calls.length).toBeGreaterThan(called);
    await clock.run(begun + 200_000);
  });

  it('shares it between its lanes', async () => {
    const world = worldWith({ tokens_per_day: 20_000 });
    await submit(world, 100);
    await submit(world, 100, { model_id: MICRO });
    await lead(world, 2);
    const spent = countOf(world, 'COMPLETED') * PER_CALL;
    expect(spent).toBeLessThanOrEqual(20_000);
    expect(20_000 - spent).toBeLessThan(1_000);
    const { lanes } = await accountOf(world);
    expect(Object.keys(lanes).sort()).toEqual([LANE, laneOf(MICRO)].sort());
    for (const { spent } of Object.values(lanes)) expect(spent.tokens).toBeGreaterThan(0);
  });

  it('is refused beyond it, if so chosen, once nothing runs that could still cost less than was held', async () => {
    const world = worldWith({ tokens_per_day: 5_000, at_limit: 'refuse' });
    await submit(world, 60);
    await lead(world, 1);
    const completed = countOf(world, 'COMPLETED');
    expect(5_000 - completed * PER_CALL).toBeLessThan(mostReserved(world));
    expect(countOf(world, 'FAILED')).toBe(60 - completed);
    const refused = world.cloud.sent.filter(({ status }) => status === 'FAILED');
    expect(refused[0]?.error).toEqual({
      type: 'BudgetUsedUp',
      message: 'the budget of tenant acme for 2001-09-09 is used up. It continues at 00:00 UTC',
    });
  });

  it('of zero is refused for as long as it stands, not until midnight', async () => {
    const world = worldWith({ tokens_per_day: 0, at_limit: 'refuse' });
    await submit(world, 1);
    await lead(world, 1);
    expect(world.cloud.sent.map(({ error }) => error)).toEqual([
      {
        type: 'BudgetUsedUp',
        message:
          'the budget of tenant acme is zero. It continues once the variable tenant_budgets allows more',
      },
    ]);
  });

  it('in dollars spends what its calls cost', async () => {
    // Nova Lite: $0.06 and $0.24 for a million tokens, so that a call costs $0.00003.
    const world = worldWith({ usd_per_day: 0.000_9 });
    await submit(world, 60);
    await lead(world, 2);
    const { nano_usd } = spentOf(await accountOf(world));
    expect(nano_usd).toBe(countOf(world, 'COMPLETED') * 30_000);
    expect(nano_usd).toBeLessThanOrEqual(900_000);
    const mostInput = mostReserved(world) - 400;
    expect(900_000 - nano_usd).toBeLessThan(mostInput * 60 + 400 * 240);
  });

  it('is told of a model without a price, which no budget in dollars can count', async () => {
    const world = worldWith({ usd_per_day: 1_000 });
    await submit(world, 1, { model_id: MISTRAL });
    await submit(world, 1, { model_id: MISTRAL, tenant: 'other' });
    await lead(world, 1);
    expect(countOf(world, 'COMPLETED', 'other')).toBe(1);
    expect(world.cloud.sent.find(({ tenant }) => tenant === 'acme')?.error).toMatchObject({
      type: 'PriceUnknown',
      message: expect.stringContaining('the smoother knows no price of mistral.mistral-large-2407'),
    });
    const inTokens = worldWith({ tokens_per_day: 1_000_000 });
    await submit(inTokens, 1, { model_id: MISTRAL });
    await lead(inTokens, 1);
    expect(countOf(inTokens, 'COMPLETED')).toBe(1);
  });

  it('fails what exceeds the budget of a whole day: it could never start', async () => {
    const world = worldWith({ tokens_per_day: 1_000 });
    await submit(world, 1, { max_tokens: 1_000 });
    await lead(world, 1);
    expect(world.cloud.sent).toMatchObject([
      { error: { type: 'BudgetUsedUp', message: expect.stringContaining('for a day: 1000 tokens') } },
    ]);
  });

  it.each([
    ['wait', 'RECEIVED'],
    ['refuse', 'FAILED'],
  ] as const)('of nothing has its requests %s: they are %s', async (at_limit, status) => {
    const world = worldWith({ tokens_per_day: 0, at_limit });
    await submit(world, 3);
    await lead(world, 1);
    expect(countOf(world, status)).toBe(3);
    expect(world.calls).toHaveLength(0);
  });

  it('gets back what was held for calls that were refused or cost less', async () => {
    let calls = 0;
    const world = worldWith(
      { tokens_per_day: 2_000 },
      {
        answer: async (_call, { clock }) => {
          await clock.sleep(1_000);
          calls += 1;
          return { body: '{}', usage: { input_tokens: 10, output_tokens: 10 } };
        },
      },
    );
    await submit(world, 60);
    await lead(world, 3);
    // With what is reserved, four at a time; with what they cost, all of them.
    expect(calls).toBe(60);
    expect(spentOf(await accountOf(world)).tokens).toBe(60 * 20);
  });

  it('gives notice once at 80 and once at 100 per cent', async () => {
    const world = worldWith({ tokens_per_day: 10_000 });
    await submit(world, 100, { max_tokens: 100 });
    await lead(world, 3);
    const notices = world.emitted.filter((line) => 'BudgetNotices' in line);
    expect(notices).toMatchObject([
      { BudgetNotices: 1, Tenant: 'acme', Percent: 80 },
      { BudgetNotices: 1, Tenant: 'acme', Percent: 100 },
    ]);
  });

  it('waits alone while its account cannot be read', async () => {
    const world = worldWith({ tokens_per_day: 5_000 });
    const read = world.ports.budgets.read;
    world.ports.budgets.read = () => Promise.reject(new Error('No table'));
    await submit(world, 10);
    await submit(world, 10, { tenant: 'other' });
    await lead(world, 1);
    expect([countOf(world, 'COMPLETED'), countOf(world, 'COMPLETED', 'other')]).toEqual([0, 10]);
    world.ports.budgets.read = read;
    await lead(world, 1);
    expect(countOf(world, 'COMPLETED')).toBe(10);
  });
});

it.each<Record<string, TenantBudget>>([{}, { nobody: { tokens_per_day: 1 } }])(
  'a leader reads as many requests as it releases, with budgets as without (%j)',
  async (tenant_budgets) => {
    const limits = { requests_per_minute: 60_000, tokens_per_minute: 100_000_000 };
    const world = createWorld({ limits, laneSettings: { tenant_budgets } });
    const { heads } = world.ports.backlog;
    let most = 0;
    world.ports.backlog.heads = (key, limit) => {
      most = Math.max(most, limit);
      return heads(key, limit);
    };
    await submit(world, 200);
    await lead(world, 1);
    expect(countOf(world, 'COMPLETED')).toBe(200);
    expect(most).toBeGreaterThan(25);
  },
);

it('a stack without budgets asks for no account', async () => {
  const world = createWorld();
  const calls: string[] = [];
  for (const method of ['read', 'write', 'list'] as const) {
    world.ports.budgets[method] = async () => {
      calls.push(method);
      throw new Error('Nobody has a budget');
    };
  }
  await submit(world, 10);
  await lead(world, 1);
  expect(countOf(world, 'COMPLETED')).toBe(10);
  expect(calls).toEqual([]);
});
