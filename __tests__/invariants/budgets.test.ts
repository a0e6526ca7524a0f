import fc from 'fast-check';
import { expect } from 'vitest';
import { reservationOf } from '../../src/core/budgets/spending.ts';
import { budgetCounters } from '../../src/core/lane/budget-counters.ts';
import type { BudgetAccounts } from '../../src/core/lane/budgets.ts';
import { slotOf } from '../../src/core/lane/call-report.ts';
import { type Counters, sumOf } from '../../src/core/lane/counters.ts';
import { LaneBudgets } from '../../src/core/prioritization/lane-budgets.ts';
import type { BacklogEntry } from '../../src/core/request/ports.ts';
import { createBudgets } from '../../src/memory/lanes.ts';
import { entryOf } from '../fixtures/entries.ts';
import { invariant } from './invariant.ts';

const LANES = ['amazon.nova-lite:on-demand', 'amazon.nova-micro:on-demand', 'amazon.nova-pro:geo'];
const TENANT = 'acme';
const LEASE_MS = 100_000;
const BEGIN_MS = Date.UTC(2026, 10, 26);
/** A leader looks again this often. */
const TICK_MS = 200;
const ASK_AGAIN_MS = 6_000;

/** What happens next. A leader that dies in a tick does so before or after it has written its plan. */
type Step =
  | { kind: 'tick'; lane: number; dies?: 'before the plan' | 'after the plan' }
  | { kind: 'end'; call: number; part: number }
  | { kind: 'answer'; call: number; fails: boolean }
  | { kind: 'succeed'; lane: number }
  | { kind: 'pass'; ms: number };

interface Day {
  limit: number;
  /** Max tokens of the requests that wait, by lane. */
  waiting: number[][];
  steps: Step[];
}

/** A mechanism is taken out. */
interface Doctored {
  accounts?: (accounts: BudgetAccounts) => BudgetAccounts;
  plan?: (plan: string) => string;
}

const lane = fc.nat({ max: LANES.length - 1 });
/** Before it takes effect, or only its answer is lost. */
const fails = fc.nat({ max: 9 }).map((one) => one === 0);
const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: fc.record({ kind: fc.constant('tick' as const), lane }), weight: 6 },
  {
    arbitrary: fc.record({
      kind: fc.constant('tick' as const),
      lane,
      dies: fc.constantFrom('before the plan' as const, 'after the plan' as const),
    }),
    weight: 1,
  },
  {
    arbitrary: fc.record({
      kind: fc.constant('end' as const),
      call: fc.nat(),
      part: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
    weight: 4,
  },
  { arbitrary: fc.record({ kind: fc.constant('answer' as const), call: fc.nat(), fails }), weight: 10 },
  { arbitrary: fc.record({ kind: fc.constant('succeed' as const), lane }), weight: 3 },
  { arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.nat({ max: LEASE_MS }) }), weight: 1 },
);

interface Running {
  lane: string;
  releasedAt: number;
  maxTokens: number;
}

/** Lanes whose leaders' calls are answered when the run says so, and calls to Bedrock that end when it says so. */
class World {
  now = BEGIN_MS;
  readonly lanes: LaneRun[];
  readonly pending: { resolve: () => void; reject: (error: Error) => void }[] = [];
  running: Running[] = [];
  spent = 0;
  readonly limit: number;
  readonly accounts: BudgetAccounts;
  readonly doctored: Doctored;

  constructor({ limit, waiting }: Pick<Day, 'limit' | 'waiting'>, doctored: Doctored) {
    this.limit = limit;
    this.doctored = doctored;
    const accounts = createBudgets();
    this.accounts = doctored.accounts?.(accounts) ?? accounts;
    this.lanes = LANES.map((name, index) => new LaneRun(this, name, waiting[index] ?? []));
  }

  /** Answers later: half of the wait is before the call takes effect. */
  async call<T>(take: () => Promise<T>): Promise<T> {
    await new Promise<void>((resolve, reject) => this.pending.push({ resolve, reject }));
    const answer = await take();
    await new Promise<void>((resolve, reject) => this.pending.push({ resolve, reject }));
    return answer;
  }

  async answer(index: number, fails = false): Promise<void> {
    const [next] = this.pending.splice(index % Math.max(1, this.pending.length), 1);
    if (fails) next?.reject(new Error('No answer'));
    else next?.resolve();
    await new Promise(setImmediate);
  }

  /** No call outlives its lease. */
  pass(ms: number): void {
    this.now += ms;
    for (;;) {
      const late = this.running.findIndex(({ releasedAt }) => releasedAt + LEASE_MS <= this.now);
      if (late < 0) return;
      this.end(late, 1);
    }
  }

  end(call: number, part: number): void {
    const [ended] = this.running.splice(call % Math.max(1, this.running.length), 1);
    if (ended === undefined) return;
    const { lane, releasedAt, maxTokens } = ended;
    const reserved = reservationOf(lane, maxTokens, maxTokens);
    const spent = { tokens: Math.round(part * maxTokens), nano_usd: 0 };
    this.spent += spent.tokens;
    const counters = budgetCounters(TENANT, { ended: 1, reserved, spent });
    this.lanes.find(({ name }) => name === lane)?.report(slotOf(releasedAt), counters);
  }

  get most(): number {
    return this.running.reduce((sum, { maxTokens }) => sum + maxTokens, this.spent);
  }
}

class LaneRun {
  readonly name: string;
  waiting: number[];
  #world: World;
  #leader: LaneBudgets;
  #token = 1;
  #plan = '{"v":1}';
  #isBusy = false;
  readonly #reports = new Map<number, Counters>();

  constructor(world: World, name: string, waiting: number[]) {
    this.#world = world;
    this.name = name;
    this.waiting = [...waiting];
    this.#leader = this.#newLeader();
  }

  report(slot: number, counters: Counters): void {
    this.#reports.set(slot, sumOf(this.#reports.get(slot) ?? {}, counters));
  }

  /** What the leader has begun goes on, while another one has the lane. */
  succeed(): void {
    this.#token += 1;
    this.#isBusy = false;
    this.#leader = this.#newLeader();
  }

  async tick(dies?: 'before the plan' | 'after the plan'): Promise<void> {
    if (this.#isBusy) return;
    const { now, limit, running } = this.#world;
    const leader = this.#leader;
    const entries = this.waiting.map((maxTokens, order) =>
      entryOf(order, { lane: this.name, tenant: TENANT, input_tokens: 0, max_tokens: maxTokens }),
    );
    const reports = [...this.#reports].map(([slot, counters]) => ({ slot, counters }));
    const sizeOf = ({ max_tokens: it = 0 }: BacklogEntry) => ({ reserved: it, maxTokens: it });
    const budgets = { [TENANT]: { tokens_per_day: limit } };
    const [candidates = []] = leader.begin(now, reports, budgets, [entries], sizeOf);
    const released = candidates.filter((entry) => {
      const size = sizeOf(entry);
      if (!leader.admits(entry, size)) return false;
      leader.took(entry, size);
      return true;
    });
    if (dies === 'before the plan') return this.succeed();
    this.#plan = leader.inPlan('{"v":1}');
    if (dies === 'after the plan') return this.succeed();
    this.waiting = entries.filter((entry) => !released.includes(entry)).map((it) => it.max_tokens ?? 0);
    for (const { max_tokens: maxTokens = 0 } of released) {
      running.push({ lane: this.name, releasedAt: now, maxTokens });
    }
    this.#isBusy = true;
    void leader.settle().then((refused) => {
      if (this.#leader !== leader) return;
      this.#isBusy = false;
      const ids = refused.map(({ entry }) => entry);
      this.waiting = this.waiting.filter((_, order) => !ids.some((it) => it.backlog_order === order));
    });
    await new Promise(setImmediate);
  }

  #newLeader(): LaneBudgets {
    const world = this.#world;
    const { accounts, doctored } = world;
    const budgets: BudgetAccounts = {
      read: (day, tenant) => world.call(() => accounts.read(day, tenant)),
      write: (day, tenant, account) => world.call(() => accounts.write(day, tenant, account)),
      list: (day) => world.call(() => accounts.list(day)),
    };
    const ports = { budgets, clock: { now: () => world.now }, log: () => {}, emit: () => {} };
    const options = { lane: this.name, token: this.#token, leaseMs: LEASE_MS, metricsNamespace: 'test' };
    return new LaneBudgets(ports, options, doctored.plan?.(this.#plan) ?? this.#plan);
  }
}

async function play(world: World, steps: readonly Step[]): Promise<void> {
  for (const it of steps) {
    world.pass(TICK_MS);
    if (it.kind === 'tick') await world.lanes[it.lane]?.tick(it.dies);
    else if (it.kind === 'end') world.end(it.call, it.part);
    else if (it.kind === 'answer') await world.answer(it.call, it.fails);
    else if (it.kind === 'succeed') world.lanes[it.lane]?.succeed();
    else world.pass(it.ms);
    expect(world.most).toBeLessThanOrEqual(world.limit);
  }
}

/** Everything ends, leaders take turns, and calls of nothing are made until nothing more can be released. */
async function comeToRest(world: World): Promise<void> {
  const answerAll = async () => {
    while (world.pending.length > 0) await world.answer(0);
  };
  await answerAll();
  world.pass(2 * LEASE_MS);
  for (let round = 0; round < 60; round++) {
    for (const lane of world.lanes) {
      // The schedule's, every minute: what a leader has written after it had been replaced, the next one finds.
      if (round % 10 === 0) lane.succeed();
      await lane.tick();
      await answerAll();
    }
    while (world.running.length > 0) world.end(0, 0.5);
    world.pass(ASK_AGAIN_MS);
    expect(world.most).toBeLessThanOrEqual(world.limit);
  }
}

invariant<Day, Doctored>(
  'a burst never overruns the budget of its tenant, in any number of lanes, and what it needs is given',
  {
    generated: fc.record({
      limit: fc.integer({ min: 100, max: 500 }),
      waiting: fc.array(fc.array(fc.integer({ min: 1, max: 100 }), { maxLength: 30, size: 'max' }), {
        maxLength: LANES.length,
      }),
      steps: fc.array(step, { maxLength: 150, size: 'max' }),
    }),
    runs: 60,
    holds: async ({ steps, ...day }, doctored = {}) => {
      const world = new World(day, doctored);
      await play(world, steps);
      await comeToRest(world);
      const left = world.limit - world.spent;
      for (const { waiting } of world.lanes) for (const needs of waiting) expect(needs).toBeGreaterThan(left);
    },
    without: {
      'the version of an account': { accounts: lastWriteWins },
      'the plan that a successor goes on from': { plan: () => '{"v":1}' },
    },
  },
);

function lastWriteWins(accounts: BudgetAccounts): BudgetAccounts {
  return {
    ...accounts,
    write: async (day, tenant, account) => {
      const version = ((await accounts.read(day, tenant))?.version ?? 0) + 1;
      return accounts.write(day, tenant, { ...account, version });
    },
  };
}
