import { describe, expect, it } from 'vitest';
import { lanesText } from '../../../src/cli/commands/lanes.ts';
import { overviewText } from '../../../src/cli/report/overview-text.ts';
import type { LaneFigures, Led, Pause } from '../../../src/core/lane/ports.ts';
import { IN_USE_MS } from '../../../src/core/lane/registration.ts';
import { MOST_ENTRIES } from '../../../src/core/operations/backlog.ts';
import { viewLanes } from '../../../src/core/operations/lanes.ts';
import { viewOverview } from '../../../src/core/operations/overview.ts';
import { createMemoryCloud } from '../../../src/memory/cloud.ts';
import { waitingIn } from '../../fixtures/records.ts';

const MODEL = 'us.amazon.nova-lite-v1:0';
const LANE = 'amazon.nova-lite:geo';
const LIMITS = { requests_per_minute: 480, tokens_per_minute: 2_000_000 };
const LEASE_UNTIL = 10_000;
const at = (now: number) => ({ now: () => now });

/** One lane whose leader holds it until LEASE_UNTIL and says this of it. */
async function laneThatShows(figures: Partial<LaneFigures>, pause?: Pause) {
  const { ports } = createMemoryCloud();
  await ports.registry.register(LANE, MODEL, 1);
  const led = await ports.leadership.acquire(LANE, 'a', 0, LEASE_UNTIL);
  if (led === undefined) throw new Error('the lane is taken');
  const shown = { limits: LIMITS, figures: { utilisation: 0, share: 1, unfinished: 0, ...figures } };
  await ports.leadership.renew(led, shown, LEASE_UNTIL);
  await ports.control.setPause(LANE, pause);
  return ports;
}

async function viewOf(
  figures: Partial<LaneFigures>,
  { pause, now = 1 }: { pause?: Pause; now?: number } = {},
) {
  const [view] = await viewLanes(await laneThatShows(figures, pause), at(now));
  if (view === undefined) throw new Error('there is no lane');
  return view;
}

it('a backlog too long to be read is as long as the leader counts it', async () => {
  const backlog = { at: 1, arrived: 0, lines: [[3, 'acme', 5_000, 500, 0, 0, 0]], rest: [] };
  const cloud = createMemoryCloud();
  const { ports } = cloud;
  await ports.registry.register(LANE, MODEL, 1);
  const led = await ports.leadership.acquire(LANE, 'a', 0, LEASE_UNTIL);
  const figures = {
    utilisation: 1,
    share: 1,
    unfinished: 0,
    waiting: true,
    backlog,
  } as unknown as LaneFigures;
  await ports.leadership.renew(led as Led, { limits: LIMITS, figures }, LEASE_UNTIL);
  const records = Array.from({ length: MOST_ENTRIES + 1 }, () => waitingIn(LANE, { tenant: 'acme' }));
  for (const record of records) await ports.records.create(record);
  await ports.directory.announce(records[0]?.queue ?? '', 1);
  const rows = { rows: async () => [] };
  const [lane] = await viewOverview({ ...ports, rows }, at(1));
  expect(lane?.backlog).toMatchObject({ requests: 5_000, tokens: 2_500_000, more: false });
  // How much of each priority waits is known of what was read.
  expect(overviewText(lane ? [lane] : [], 1)).toMatch(/^ +\d +> 2k +0/m);
});

it('lines of a backlog that were not read are counted as such', async () => {
  const { ports } = createMemoryCloud();
  await ports.registry.register(LANE, MODEL, 1);
  for (let nth = 0; nth < 205; nth++) {
    const record = waitingIn(LANE, { tenant: `t${nth}` });
    await ports.records.create(record);
    await ports.directory.announce(record.queue, 1);
  }
  const [lane] = await viewOverview({ ...ports, rows: { rows: async () => [] } }, at(1));
  expect(lane?.backlog).toMatchObject({ unread: 5, more: true });
  expect(lane?.backlog.lines).toHaveLength(200);
});

describe('the view of lanes', () => {
  it('shows what the leader says: limits, our share, what is used, whether work waits', async () => {
    const view = await viewOf({ utilisation: 0.4, waiting: true, unfinished: 3 });
    expect(view).toMatchObject({
      ...{ lane: LANE, model_id: MODEL, state: 'working', health: 'good', limits: LIMITS },
      ...{ utilisation: 0.4, share: 1, waiting: true, unfinished: 3 },
      says: 'Nothing binds: what waits is being released.',
    });
    expect(lanesText([view]).split('\n')[1]).toMatch(/working +nothing +480 +2M +40 % +yes +3$/);
  });

  it('shows how much waits, as the leader counts it', async () => {
    const backlog = {
      at: 1,
      arrived: 0,
      lines: [[3, 'acme', 1_900, 500, 0, 0, 0]],
      rest: [[5, 9, 100, 50_000, 0]],
    };
    const view = await viewOf({ waiting: true, backlog: backlog as LaneFigures['backlog'] });
    expect(view.waits).toEqual({ requests: 2_000, tokens: 1_000_000 });
  });

  it('invents no figure before a leader has written any', async () => {
    const { ports } = createMemoryCloud();
    expect(lanesText(await viewLanes(ports, at(1)))).toMatch(/^No lanes yet/);
    await ports.registry.register(LANE, MODEL, 1);
    expect(lanesText(await viewLanes(ports, at(1)))).toMatch(/asleep +nothing +– +– +– +– +–$/);
  });

  it.each<[string, Partial<LaneFigures>, Pause | undefined, number, string]>([
    ['paused by an operator', { paused: 'denied' }, { by: 'ada' }, 1, 'paused'],
    ['stopped by the smoother', { paused: 'denied' }, undefined, 1, 'stopped'],
    ['without a leader', {}, undefined, LEASE_UNTIL, 'asleep'],
    ['between two leaders', { waiting: true }, undefined, LEASE_UNTIL, 'working'],
    ['whose leader nobody has followed', { waiting: true }, undefined, LEASE_UNTIL + 90_001, 'stopped'],
    ['that nobody leads and that is paused', { waiting: true }, {}, LEASE_UNTIL + 90_001, 'paused'],
    ['resumed while nobody leads it', { paused: 'operator' }, undefined, LEASE_UNTIL, 'asleep'],
  ])('says the state of a lane %s', async (_, figures, pause, now, state) => {
    expect(await viewOf(figures, { pause, now })).toMatchObject({ state });
  });
});

describe('a lane that prioritization does not lead', () => {
  const says = 'Requests wait, and prioritization does not run: nothing is released.';
  const LATER = LEASE_UNTIL + 3_600_000;

  /** A leader has gone to sleep there, and nobody came although a request has. */
  async function asleepWithWork() {
    const ports = await laneThatShows({});
    const record = { ...waitingIn(LANE, { tenant: 'acme' }), accepted_at: LEASE_UNTIL };
    await ports.records.create(record);
    await ports.directory.announce(record.queue ?? '', LEASE_UNTIL);
    return { ...ports, rows: { rows: async () => [] } };
  }

  it('is in trouble, whatever its last leader has found to bind', async () => {
    const view = await viewOf({ waiting: true, binds: { by: 'tokens_per_minute' } }, { now: LATER });
    expect(view).toMatchObject({ health: 'bad', says, remedy: expect.stringContaining('schedule') });
    expect(lanesText([view])).toMatch(/stopped +no leader/);
  });

  it('is one that its leader has left for some time, not one that it has just left', async () => {
    const backlog = { at: LATER, arrived: 0, lines: [], rest: [] } as LaneFigures['backlog'];
    const ports = await laneThatShows({ waiting: true, backlog });
    await ports.leadership.release({ lane: LANE, holder: 'a', token: 1 });
    const stateAt = async (now: number) => (await viewLanes(ports, at(now)))[0]?.state;
    expect(await stateAt(LATER + 60_000)).toBe('working');
    expect(await stateAt(LATER + 90_001)).toBe('stopped');
  });

  it('shows no time by which its backlog is gone', async () => {
    const [lane] = await viewOverview(await asleepWithWork(), at(LATER));
    expect(lane).toMatchObject({ state: 'stopped', health: 'bad', says, drain_ms: undefined });
  });

  it('is not one in which work has only just come', async () => {
    const [lane] = await viewOverview(await asleepWithWork(), at(LEASE_UNTIL + 90_000));
    expect(lane).toMatchObject({ state: 'asleep', health: 'good' });
  });
});

describe('what binds a lane', () => {
  const waits = { waiting: true, utilisation: 0.98 };

  it.each<[string, Partial<LaneFigures>, Pause | undefined, object]>([
    [
      'tokens',
      { ...waits, binds: { by: 'tokens_per_minute' } },
      undefined,
      {
        health: 'good',
        says: 'The quota of tokens (2,000,000 a minute) binds: no more may be released now.',
        remedy: `Ask AWS for more: smoother quota-case ${LANE} writes the case`,
      },
    ],
    [
      'requests',
      { ...waits, binds: { by: 'requests_per_minute' } },
      undefined,
      { health: 'good', says: 'The quota of requests (480 a minute) binds: no more may be released now.' },
    ],
    [
      'workers',
      { ...waits, binds: { by: 'max_concurrent_executions', value: 30, factor: 1.6 } },
      undefined,
      {
        health: 'attention',
        remedy: 'Raise the variable max_concurrent_executions from 30 to 48',
      },
    ],
    [
      'the threshold',
      { ...waits, binds: { by: 'queue_depth_threshold', value: 15, factor: 2.1 } },
      undefined,
      { remedy: 'Raise the variable queue_depth_threshold from 15 to 32' },
    ],
    [
      'the minutes',
      { ...waits, binds: { by: 'minutes_to_process', value: 1, factor: 2 } },
      undefined,
      { remedy: 'Raise the variable minutes_to_process from 1 to 2' },
    ],
    [
      'somebody else, with how much they use',
      { ...waits, share: 0.6, binds: { by: 'tokens_per_minute' } },
      undefined,
      {
        health: 'attention',
        says: 'Somebody else uses about 40 % of the quota (800,000 of 2,000,000 tokens a minute, 192 of 480 requests a minute).',
      },
    ],
    ['an outage', { paused: 'failing' }, undefined, { health: 'bad', bound: { by: 'failing' } }],
    [
      'an operator, by name and since when',
      { paused: 'operator' },
      { by: 'ada', since: Date.UTC(2026, 10, 2, 9, 30) },
      {
        health: 'attention',
        says: 'Paused by ada since 2026-11-02 09:30 UTC.',
        remedy: `Release its requests again: smoother resume ${LANE}`,
      },
    ],
    [
      'a quota of zero, which a variable may have set',
      { paused: 'no_quota' },
      undefined,
      {
        health: 'bad',
        says: 'The quota is zero, in the variable quota_overrides or at AWS.',
        remedy: `Look at quota_overrides first, then ask AWS for a quota: smoother quota-case ${LANE} writes the case`,
      },
    ],
    ['nothing', {}, undefined, { health: 'good', bound: undefined, says: 'Nothing keeps work waiting.' }],
    [
      'nothing but budgets',
      { waiting: false, kept: ['acme'] },
      undefined,
      { health: 'good', bound: undefined, says: 'Only budgets of tenants keep work waiting.' },
    ],
  ])('is %s', async (_, figures, pause, expected) => {
    expect(await viewOf(figures, { pause })).toMatchObject(expected);
  });

  it('is no longer said once nobody leads the lane and nothing waits', async () => {
    const figures = { waiting: false, binds: { by: 'tokens_per_minute' } } as const;
    expect(await viewOf(figures, { now: LEASE_UNTIL })).toMatchObject({ bound: undefined });
  });
});

it('shows the lanes that are in use', async () => {
  const { ports } = createMemoryCloud();
  await ports.registry.register(LANE, MODEL, 0);
  expect(await viewLanes(ports, at(IN_USE_MS - 1))).toHaveLength(1);
  expect(await viewLanes(ports, at(IN_USE_MS))).toEqual([]);
});
