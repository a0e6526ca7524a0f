import { describe, expect, it } from 'vitest';
import { StartEstimates } from '../../../src/core/ingestion/start-estimates.ts';
import type { RestFigures } from '../../../src/core/lane/backlog-figures.ts';
import type { TenantBudget } from '../../../src/core/lane/budgets.ts';
import type { LaneFigures, LaneStatus } from '../../../src/core/lane/ports.ts';
import { PRIORITY_WEIGHTS } from '../../../src/core/lane/priority-weights.ts';
import type { RequestRecord } from '../../../src/core/request/record.ts';
import type { LaneState } from '../../../src/memory/lanes.ts';
import { createWorld, LANE, messageOf, requestBody } from '../../fixtures/ingestion-world.ts';

const NOW = 1_800_000_000_000;
const WEIGHTS = { priorities: PRIORITY_WEIGHTS, tenants: {} };
const ARRIVAL = { lane: LANE, priority: 3, tenant: 'acme', input_tokens: 500, max_tokens: 500 } as const;

/** 1,000 requests or tokens a minute, of which a thousand tokens wait: a minute's worth. */
function statusWith(figures: Partial<LaneFigures> = {}): LaneStatus {
  return {
    lease_until: NOW + 5_000,
    limits: { requests_per_minute: 1_000, tokens_per_minute: 1_000 },
    figures: { unfinished: 0, utilisation: 1, share: 1, ...figures },
  };
}

const backlogOf = (...lines: NonNullable<LaneFigures['backlog']>['lines']) => ({
  backlog: { at: NOW, arrived: 0, lines, rest: [] },
});

function p50Of(figures: Partial<LaneFigures>, estimates = new StartEstimates()): number | undefined {
  return estimates.expectedFor(ARRIVAL, statusWith(figures), WEIGHTS, NOW)?.p50;
}

describe('the expected start', () => {
  it('of a request in an idle lane is soon', () => {
    const idle = { limits: { requests_per_minute: 1_000 } };
    const soon = new StartEstimates().expectedFor(ARRIVAL, idle, WEIGHTS, NOW);
    expect(soon?.p50).toBeLessThan(5_000);
    expect(soon?.p95).toBeGreaterThan(soon?.p50 ?? 0);
  });

  it('of a new lane is not told before its limits are known', () => {
    expect(new StartEstimates().expectedFor(ARRIVAL, undefined, WEIGHTS, NOW)).toBeUndefined();
  });

  it('is soon for what fits into what the minute has left, while nothing waits and the limits are known', () => {
    const half = backlogOf([3, 'acme', 1, 500, 0]);
    expect(p50Of({ ...half, utilisation: 0 })).toBe(1_000);
    expect(p50Of({ ...half, utilisation: 0.2 })).toBeGreaterThan(50_000);
    expect(p50Of({ ...half, utilisation: 0, waiting: true })).toBeGreaterThan(50_000);
    expect(p50Of({ ...half, utilisation: 0, assumed: ['tokens_per_minute'] })).toBeGreaterThan(50_000);
  });

  it('is promised later where other containers may have taken as much', () => {
    const estimates = new StartEstimates();
    const now = NOW + 100;
    for (let nth = 0; nth < 10; nth++) estimates.note(ARRIVAL, now);
    const { p50 = 0, p95 = 0 } = estimates.expectedFor(ARRIVAL, statusWith(backlogOf()), WEIGHTS, now) ?? {};
    expect(p95 / p50).toBeGreaterThan(4);
  });

  it('is promised later in a flood that the leader has not seen yet', () => {
    const estimates = new StartEstimates();
    for (let nth = 0; nth < 10; nth++) estimates.note(ARRIVAL, NOW - 2_000);
    const promisedAfter = (requests: number, arrived: number) => {
      for (let nth = 0; nth < requests; nth++) estimates.note(ARRIVAL, NOW + 100);
      const status = statusWith({ backlog: { ...backlogOf().backlog, arrived } });
      const { p50 = 0, p95 = 0 } = estimates.expectedFor(ARRIVAL, status, WEIGHTS, NOW + 100) ?? {};
      return p95 / p50;
    };
    expect(promisedAfter(5, 10)).toBeLessThan(2);
    // It has not even seen what this container took.
    expect(promisedAfter(0, 9)).toBeGreaterThan(4);
    expect(promisedAfter(20, 10)).toBeGreaterThan(4);
  });

  it('counts what has come since a leader that is slow has counted', () => {
    const estimates = new StartEstimates();
    for (let nth = 0; nth < 10; nth++) estimates.note(ARRIVAL, NOW + 1_000);
    const at = NOW + 20_000;
    const slow = { ...statusWith(backlogOf()), lease_until: at + 1 };
    const asleep = { ...slow, asleep: true };
    const p50At = (status: LaneStatus) => estimates.expectedFor(ARRIVAL, status, WEIGHTS, at)?.p50;
    expect(p50At(slow)).toBeGreaterThan(300_000);
    // Alone: 500 tokens, and 500 of an answer that are charged as 2,500.
    expect(p50At(asleep)).toBeCloseTo(183_000, -3);
  });

  it('is later where the leader has found that starts take longer', () => {
    const both = (figures: Partial<LaneFigures>) =>
      new StartEstimates().expectedFor(ARRIVAL, statusWith({ ...backlogOf(), ...figures }), WEIGHTS, NOW);
    const [usual, slow] = [both({}), both({ start_ms: 16_000 })];
    expect((slow?.p50 ?? 0) - (usual?.p50 ?? 0)).toBe(7_000);
    expect((slow?.p95 ?? 0) - (usual?.p95 ?? 0)).toBe(14_000);
    expect(both({ start_ms: 900 })).toEqual(usual);
  });

  it('does not count what waits for a budget, and of that nothing is known', () => {
    const [own, other] = [
      [3, 'acme', 2, 500, 0],
      [3, 'broke', 9, 500, 0],
    ] as const;
    expect(p50Of({ ...backlogOf([...own], [...other]), kept: ['broke'] })).toBe(p50Of(backlogOf([...own])));
    expect(p50Of(backlogOf([...own], [...other]))).toBeGreaterThan(p50Of(backlogOf([...own])) ?? 0);
    expect(p50Of({ ...backlogOf([...own]), kept: ['acme'] })).toBeUndefined();
  });

  it('is the next day for a tenant that has used up its budget, in the order of all that waits for it', () => {
    const own = [3, 'acme', 2, 500, 0] as const;
    const midnight = Date.UTC(2027, 0, 16) - NOW;
    const kept = { kept: ['acme', 'broke'], used_up: 1 };
    expect((p50Of({ ...backlogOf([...own]), ...kept }) ?? 0) - midnight).toBeCloseTo(91_000, -3);
    // The budget of another one is only held for calls that run.
    expect(p50Of({ ...backlogOf([...own]), kept: ['broke', 'acme'], used_up: 1 })).toBeUndefined();
    const yesterday = { backlog: { ...backlogOf([...own]).backlog, at: NOW - 24 * 3_600_000 }, ...kept };
    expect(p50Of(yesterday)).toBeLessThan(midnight);
  });

  describe('of a tenant with a budget', () => {
    const MIDNIGHT = Date.UTC(2027, 0, 16) - NOW;
    const DAY_MS = 24 * 3_600_000;
    const usedUp = { kept: ['acme'], used_up: 1 };
    const startWith = (budget: TenantBudget, figures: Partial<LaneFigures>) =>
      new StartEstimates().expectedFor(ARRIVAL, statusWith(figures), WEIGHTS, NOW, budget);

    it.each<[string, TenantBudget]>([
      ['tokens', { tokens_per_day: 0 }],
      ['dollars', { usd_per_day: 0 }],
    ])('of zero does not come, in %s, whatever the leader has seen of it', (_, budget) => {
      const never = { p50: Number.POSITIVE_INFINITY, p95: Number.POSITIVE_INFINITY };
      expect(startWith(budget, backlogOf())).toEqual(never);
      expect(startWith(budget, { paused: 'operator' })).toEqual(never);
    });

    it('is the next day where that pays for all before it, and not known beyond', () => {
      const before = backlogOf([3, 'acme', 10, 500, 0]);
      const covered = startWith({ tokens_per_day: 6_000 }, { ...before, ...usedUp });
      expect(covered).toEqual(startWith({}, { ...before, ...usedUp }));
      const unknown = { p95: Number.POSITIVE_INFINITY };
      // At least 1,000 tokens, since the lane is charged five times for output.
      expect(startWith({ tokens_per_day: 5_000 }, { ...before, ...usedUp })).toMatchObject({
        p50: covered?.p50,
        ...unknown,
      });
      expect(startWith({ tokens_per_day: 300 }, { ...before, ...usedUp })).toMatchObject({
        p50: MIDNIGHT + 3 * DAY_MS,
        ...unknown,
      });
      // Nobody knows what they cost.
      expect(startWith({ usd_per_day: 5 }, { ...before, ...usedUp })).toMatchObject(unknown);
    });

    it('is not known where one day does not pay for what is before it, though nothing is used up yet', () => {
      const before = backlogOf([3, 'acme', 10, 500, 0]);
      expect(startWith({ tokens_per_day: 6_000 }, before)).toEqual(startWith({}, before));
      expect(startWith({ tokens_per_day: 300 }, before)).toEqual({
        p50: MIDNIGHT + 2 * DAY_MS,
        p95: Number.POSITIVE_INFINITY,
      });
      expect(startWith({ tokens_per_day: 5_400 }, before)).toEqual({
        p50: startWith({}, before)?.p50,
        p95: Number.POSITIVE_INFINITY,
      });
    });

    it('does not count days for lines of others, nor for requests that will be refused', () => {
      const rest = { backlog: { ...backlogOf().backlog, rest: [[3, 1, 10, 5_000, 0]] as RestFigures[] } };
      expect(startWith({ tokens_per_day: 300 }, rest)?.p50).toBeLessThan(DAY_MS);
      const before = backlogOf([3, 'acme', 10, 500, 0]);
      const refuse = { tokens_per_day: 300, at_limit: 'refuse' } as const;
      expect(startWith(refuse, before)?.p50).toBe(startWith({}, before)?.p50);
      expect(startWith(refuse, { ...before, ...usedUp })).toBeUndefined();
    });
  });

  it('is that of what waits before it, at the pace of the lane', () => {
    const waiting = backlogOf([3, 'acme', 2, 500, 0]);
    const full = p50Of(waiting) ?? 0;
    expect(full).toBeCloseTo(91_000, -3);
    expect(p50Of({ ...waiting, pace: 0.5 })).toBeCloseTo(181_000, -3);
  });

  it('counts what others send all the time', () => {
    const alone = p50Of(backlogOf([3, 'acme', 2, 500, 0])) ?? 0;
    const beside = p50Of(backlogOf([3, 'acme', 2, 500, 0], [1, 'globex', 0, 500, 1])) ?? 0;
    expect(beside - 1_000).toBeCloseTo(2 * (alone - 1_000), -3);
  });

  it('counts tenants that are not told by name', () => {
    const rest: [3, number, number, number, number] = [3, 3, 30, 15_000, 0];
    const many = p50Of({ backlog: { at: NOW, arrived: 0, lines: [], rest: [rest] } }) ?? 0;
    // Three times ten requests, and itself.
    expect(many).toBeCloseTo(1_000 + 60_000 * 15.5, -3);
  });

  it('counts what this container has taken since, as often as all containers take', () => {
    const estimates = new StartEstimates();
    const before = p50Of(backlogOf(), estimates) ?? 0;
    for (const at of [NOW - 2_000, NOW]) {
      for (let nth = 0; nth < 10; nth++) estimates.note(ARRIVAL, at);
    }
    const own = p50Of(backlogOf(), estimates) ?? 0;
    const times = { backlog: { at: NOW, arrived: 50, lines: [], rest: [] } };
    expect(own).toBeGreaterThan(before + 60_000);
    expect((p50Of(times, estimates) ?? 0) / own).toBeCloseTo(5, 0);
  });

  it('is not told where nothing starts before somebody does something', () => {
    for (const paused of ['operator', 'denied', 'failing', 'no_quota', 'daily_quota'] as const) {
      expect(p50Of({ paused })).toBeUndefined();
    }
  });
});

describe('ingestion', () => {
  /** Ten minutes wait in the lane. */
  function busyWorld(tenant_budgets: Record<string, TenantBudget> = {}) {
    const world = createWorld(undefined, { tenant_budgets });
    const { figures, limits, lease_until } = statusWith({
      backlog: { at: world.clock.now(), arrived: 0, lines: [[3, 'default', 20, 500, 0]], rest: [] },
    });
    world.cloud.lanes.set(LANE, { token: 1, figures, limits, lease_until } as LaneState);
    return world;
  }
  const send = async (world: ReturnType<typeof createWorld>, fields: object) => {
    await world.ingest(messageOf(requestBody({ request_id: 'r1', ...fields })));
    return world.records()[0] as RequestRecord;
  };

  it('promises nothing in a lane that was paused since its leader went, and again once it is resumed', async () => {
    const world = busyWorld();
    const asleep = (figures: Partial<LaneFigures>) => {
      const state = world.cloud.lanes.get(LANE) as LaneState;
      world.cloud.lanes.set(LANE, {
        ...state,
        asleep: true,
        figures: { ...(state.figures as LaneFigures), ...figures },
      });
    };
    asleep({});
    await world.cloud.ports.control.setPause(LANE, { by: 'an operator' });
    expect((await send(world, {})).expected_start_at).toBeUndefined();
    world.clock.time += 10_000;
    asleep({ paused: 'operator' });
    await world.cloud.ports.control.setPause(LANE, undefined);
    await world.ingest(messageOf(requestBody({ request_id: 'r2' }), { id: 'm2' }));
    const resumed = world.requests().find(({ request_id }) => request_id === 'r2');
    expect(resumed?.expected_start_at).toBeDefined();
  });

  it('writes what it promises into the record', async () => {
    const record = await send(busyWorld(), {});
    expect(record.expected_start_at).toBeGreaterThan(record.accepted_at + 9 * 60_000);
    expect(record.promised_start_at).toBeGreaterThan(record.expected_start_at ?? 0);
  });

  it.each([
    ['waits for it', { max_wait_seconds: 60 }, 'RECEIVED'],
    ['waits for it', { max_wait_seconds: 60, if_too_late: 'accept' }, 'RECEIVED'],
    ['is refused at once', { max_wait_seconds: 60, if_too_late: 'refuse' }, 'REJECTED'],
    ['that it can meet is taken', { max_wait_seconds: 3_600, if_too_late: 'refuse' }, 'RECEIVED'],
  ])('a request with a deadline %s: %j', async (_, fields, status) => {
    const world = busyWorld();
    expect(await send(world, fields)).toMatchObject({ status });
    if (status !== 'REJECTED') return;
    expect(world.cloud.sent).toMatchObject([
      {
        request_id: 'r1',
        status: 'REJECTED',
        error: {
          type: 'DeadlineTooSoon',
          message: expect.stringMatching(/^deadline: .* after its deadline/),
        },
      },
    ]);
  });

  it.each<[string, TenantBudget, string]>([
    ['is zero', { tokens_per_day: 0 }, 'the budget of tenant default (variable tenant_budgets) is zero, so'],
    ['pays for less than what waits', { tokens_per_day: 1 }, 'the request can start at '],
    ['is far smaller than what waits', { tokens_per_day: 1e-9 }, 'the request can start at +275760-09-13'],
  ])(
    'refuses what cannot start by its deadline where its tenant’s budget %s, and promises nothing',
    async (_, budget, says) => {
      const world = busyWorld({ default: budget });
      expect(await send(world, { max_wait_seconds: 70_000, if_too_late: 'refuse' })).toMatchObject({
        status: 'REJECTED',
        error: { type: 'DeadlineTooSoon', message: expect.stringContaining(says) },
      });
      await world.ingest(messageOf(requestBody({ request_id: 'r2' }), { id: 'm2' }));
      const [waits] = world.requests();
      expect(waits).toMatchObject({ request_id: 'r2', status: 'RECEIVED' });
      expect(waits).not.toHaveProperty('expected_start_at');
      expect(waits).not.toHaveProperty('promised_start_at');
    },
  );

  it('the same request again is no new one, and keeps its promise', async () => {
    const world = busyWorld();
    const first = await send(world, { max_wait_seconds: 3_600, if_too_late: 'refuse' });
    world.clock.time += 3_500_000;
    await world.ingest(
      messageOf(requestBody({ request_id: 'r1', max_wait_seconds: 3_600, if_too_late: 'refuse' }), {
        id: 'm2',
      }),
    );
    expect(world.records()).toEqual([first]);
  });

  it('control: an idle lane refuses nothing', async () => {
    const record = await send(createWorld(), { max_wait_seconds: 60, if_too_late: 'refuse' });
    expect(record.status).toBe('RECEIVED');
  });
});
