import { describe, expect, it } from 'vitest';
import type { BudgetAccount } from '../../src/core/lane/budgets.ts';
import { type Led, WAKE_INTERVAL_MS } from '../../src/core/lane/ports.ts';
import { type BundleLease, leaseIdUntil } from '../../src/core/request/bundle-lease.ts';
import type { OfferedBundle } from '../../src/core/request/bundle-offers.ts';
import { backlogKey } from '../../src/core/request/keys.ts';
import { newLane } from '../fixtures/records.ts';
import { type Backend, skipWhereKnown } from './backend.ts';

export function lanesContract(backend: () => Backend): void {
  const ports = () => backend().ports;
  /** Acquires the lane at time 0 until 100, or fails the test. */
  const led = async (lane: string, holder: string, now = 0): Promise<Led> => {
    const acquired = await ports().leadership.acquire(lane, holder, now, now + 100);
    if (!acquired) throw new Error(`${holder} did not get ${lane}`);
    return acquired;
  };

  describe('directory', () => {
    it('lists each announced partition of a lane once, with its last announcement', async () => {
      const lane = newLane();
      const keys = [1, 2, 3, 4, 5].map((shard) => backlogKey({ lane, priority: 3, tenant: 'a', shard }));
      for (const key of keys) await ports().directory.announce(key, 1);
      await ports().directory.announce(keys[0] as string, 2);
      await ports().directory.announce(
        backlogKey({ lane: newLane(), priority: 3, tenant: 'a', shard: 0 }),
        1,
      );
      const listed = await ports().directory.list(lane);
      expect(new Map(listed.map(({ backlog_key, announced_at }) => [backlog_key, announced_at]))).toEqual(
        new Map(keys.map((key, index) => [key, index === 0 ? 2 : 1])),
      );
    });

    it('tells about whom a partition was announced last', async () => {
      const lane = newLane();
      const key = backlogKey({ lane, priority: 3, tenant: 'a', shard: 0 });
      await ports().directory.announce(key, 1, { request_id: 'r1', generation: 0 });
      await ports().directory.announce(key, 2, { request_id: 'r2', generation: 3 });
      const [entry] = await ports().directory.list(lane);
      expect(entry?.about).toEqual({ request_id: 'r2', generation: 3 });
      // As earlier releases did.
      await ports().directory.announce(key, 3);
      const [older] = await ports().directory.list(lane);
      expect(older?.about).toBeUndefined();
    });

    it('tells until when more may come without a word, also after another announcement', async () => {
      const lane = newLane();
      const key = backlogKey({ lane, priority: 3, tenant: 'a', shard: 0 });
      const about = { request_id: 'r1', generation: 0 };
      const silence = async () => (await ports().directory.list(lane))[0]?.silent_until;
      await ports().directory.announce(key, 1, about);
      expect(await silence()).toBe(1);
      await ports().directory.announce(key, 5, about, 1_005);
      expect(await silence()).toBe(1_005);
      await ports().directory.announce(key, 6, about);
      expect(await silence()).toBe(1_005);
    });

    it('an announcement that comes late turns nothing back, and nobody knows any more what was written last', async () => {
      const lane = newLane();
      const key = backlogKey({ lane, priority: 3, tenant: 'a', shard: 0 });
      const { directory } = ports();
      const seen = async () => (await directory.list(lane))[0];
      await directory.announce(key, 5_000, { request_id: 'r2', generation: 0 });
      const before = await seen();
      await directory.announce(key, 4_500, { request_id: 'r1', generation: 0 }, 5_500);
      const after = await seen();
      expect(after).toMatchObject({ announced_at: 5_000, silent_until: 5_500 });
      expect(after?.about).toBeUndefined();
      expect(after?.nonce).not.toBe(before?.nonce);
      await directory.announce(key, 4_000, { request_id: 'r0', generation: 0 }, 5_000);
      expect(await seen()).toMatchObject({ announced_at: 5_000, silent_until: 5_500 });
    });

    it('forgets a partition, unless it has been announced again, be it in the same millisecond', async () => {
      const lane = newLane();
      const key = backlogKey({ lane, priority: 1, tenant: 'a', shard: 0 });
      await ports().directory.announce(key, 7);
      const [seen] = await ports().directory.list(lane);
      if (!seen) throw new Error('Nothing is listed');
      await ports().directory.announce(key, 7);
      await ports().directory.forget(seen);
      const [again] = await ports().directory.list(lane);
      if (!again) throw new Error('The second announcement was forgotten');
      await ports().directory.forget(again);
      await ports().directory.forget(again);
      expect(await ports().directory.list(lane)).toEqual([]);
    });
  });

  it('registers a lane once, with a model and the last time', async () => {
    const lane = newLane();
    await ports().registry.register(lane, 'model-a', 1_000);
    await ports().registry.register(lane, 'model-a', 2_000);
    const listed = (await ports().registry.list()).filter((it) => it.lane === lane);
    expect(listed).toEqual([{ lane, model_id: 'model-a', registered_at: 2_000 }]);
  });

  describe('leadership', () => {
    it('gives a lane to one of two', async ({ skip }) => {
      skipWhereKnown(backend(), 'concurrent writes', skip);
      const lane = newLane();
      const both = await Promise.all(['a', 'b'].map((it) => ports().leadership.acquire(lane, it, 0, 100)));
      expect(both.filter((it) => it !== undefined)).toHaveLength(1);
    });

    it('gives a lane on when its lease has run out, with a later token and what was written last', async () => {
      const lane = newLane();
      const first = await led(lane, 'a');
      expect(first).toEqual({ lane, holder: 'a', token: first.token });
      expect(await ports().leadership.writePlan(first, '{"released":1}')).toBe(true);
      await ports().leadership.writeEstimates(first, '{"learned":1}', 7);
      expect(await ports().leadership.renew(first, {}, 200)).toBe('renewed');
      expect(await ports().leadership.acquire(lane, 'b', 199, 300)).toBeUndefined();
      const second = await led(lane, 'b', 200);
      const left = { plan: '{"released":1}', estimates: '{"learned":1}', estimated_at: 7 };
      expect(second).toEqual({ lane, holder: 'b', token: second.token, ...left });
      expect(second.token).toBeGreaterThan(first.token);
    });

    it('fences a leader that was replaced: no plan, no estimates, no renewal, no sleep, no release', async () => {
      const lane = newLane();
      const first = await led(lane, 'a');
      const second = await led(lane, 'b', 100);
      await ports().leadership.writeEstimates(second, 'new', 8);
      expect(await ports().leadership.writePlan(first, 'late')).toBe(false);
      await ports().leadership.writeEstimates(first, 'late', 9);
      expect(await ports().leadership.renew(first, {}, 900)).toBe('lost');
      expect(await ports().leadership.sleep(first, {})).toBe(false);
      await ports().leadership.release(first);
      expect(await ports().watch.status(lane)).toEqual({ lease_until: 200 });
      expect(await ports().leadership.writePlan(second, 'next')).toBe(true);
      expect(await led(lane, 'c', 300)).toMatchObject({ plan: 'next', estimates: 'new' });
    });

    it('tells a holder that it was challenged, until the lane changes hands', async () => {
      const lane = newLane();
      const first = await led(lane, 'a');
      expect(await ports().leadership.renew(first, {}, 100)).toBe('renewed');
      expect(await ports().leadership.acquire(lane, 'b', 50, 150)).toBeUndefined();
      expect(await ports().leadership.renew(first, {}, 150)).toBe('challenged');
      expect(await ports().watch.status(lane)).toMatchObject({ challenged_at: 50 });
      await ports().leadership.writePlan(first, '2');
      await ports().leadership.release(first);
      const second = await led(lane, 'b', 60);
      expect(second.plan).toBe('2');
      expect(await ports().watch.status(lane)).not.toHaveProperty('challenged_at');
      expect(await ports().leadership.renew(second, {}, 200)).toBe('renewed');
    });

    it('lets the holder take its lane again, as after a lost answer', async () => {
      const lane = newLane();
      const first = await led(lane, 'a');
      const again = await led(lane, 'a', 10);
      expect(again.token).toBeGreaterThan(first.token);
      expect(await ports().leadership.writePlan(first, '0')).toBe(false);
      expect(await ports().leadership.writePlan(again, '1')).toBe(true);
    });

    it('shows the limits and figures that were shown last', async () => {
      const lane = newLane();
      const leader = await led(lane, 'a');
      const limits = { tokens_per_minute: 1_000_000 };
      const figures = { unfinished: 3, utilisation: 0.5, share: 1 };
      await ports().leadership.renew(leader, { limits, figures }, 300);
      await ports().leadership.renew(leader, {}, 400);
      expect(await ports().watch.status(lane)).toEqual({ lease_until: 400, limits, figures });
    });
  });

  describe('sleep and wake', () => {
    it('knows nothing of a lane that nobody has led', async () => {
      expect(await ports().watch.status(newLane())).toBeUndefined();
    });

    it('shows a sleeping leader until it renews its lease, or until the next leader', async () => {
      const lane = newLane();
      const leader = await led(lane, 'a');
      expect(await ports().leadership.sleep(leader, {})).toBe(true);
      expect(await ports().watch.status(lane)).toEqual({ lease_until: 100, asleep: true });
      await ports().leadership.renew(leader, {}, 200);
      expect(await ports().watch.status(lane)).toEqual({ lease_until: 200 });
      const shown = {
        limits: { requests_per_minute: 60 },
        figures: { unfinished: 1, utilisation: 0, share: 1 },
      };
      await ports().leadership.sleep(leader, shown);
      expect(await ports().watch.status(lane)).toEqual({ lease_until: 200, asleep: true, ...shown });
      await led(lane, 'b', 10);
      expect(await ports().watch.status(lane)).toEqual({ lease_until: 110, ...shown });
    });

    it('lets one of many wake a lane, and another only an interval later', async ({ skip }) => {
      skipWhereKnown(backend(), 'concurrent writes', skip);
      const lane = newLane();
      const now = 1_000_000;
      const marks = await Promise.all([0, 0, 0, 0].map(() => ports().watch.markWoken(lane, now)));
      expect(marks.filter((won) => won)).toHaveLength(1);
      expect(await ports().watch.markWoken(lane, now + WAKE_INTERVAL_MS - 1)).toBe(false);
      expect(await ports().watch.markWoken(lane, now + WAKE_INTERVAL_MS)).toBe(true);
      expect(await ports().watch.status(lane)).toEqual({ woken_at: now + WAKE_INTERVAL_MS });
    });

    it('lets a lane be woken at once when it has gone to sleep since', async () => {
      const lane = newLane();
      expect(await ports().watch.markWoken(lane, 1_000_000)).toBe(true);
      await ports().leadership.sleep(await led(lane, 'a'), {});
      expect(await ports().watch.markWoken(lane, 1_000_001)).toBe(true);
      expect(await ports().watch.markWoken(lane, 1_000_002)).toBe(false);
    });
  });

  describe('reports', () => {
    it('adds up what is reported about a slot, whoever reports', async ({ skip }) => {
      skipWhereKnown(backend(), 'concurrent writes', skip);
      const lane = newLane();
      const { add, since } = ports().reports;
      await Promise.all(
        Array.from({ length: 20 }, () => add(lane, 2_000_000, { ended: 1, charged: 250, debt: 0 })),
      );
      await add(lane, 2_000_000, { throttled: 1, 'out.3.résumé | "x".y': 2 });
      expect(await since(lane, 2_000_000)).toEqual([
        {
          slot: 2_000_000,
          counters: { ended: 20, charged: 5_000, debt: 0, throttled: 1, 'out.3.résumé | "x".y': 2 },
        },
      ]);
    });

    it('are in the partition that was named, or in any of all', async () => {
      const lane = newLane();
      for (let n = 0; n < 12; n++) await ports().reports.add(lane, 7, { ended: 1 });
      const [spread] = await ports().reports.since(lane, 7);
      expect(spread?.counters).toEqual({ ended: 12 });
      const [ofFirst] = await ports().reports.since(lane, 7, 0);
      expect(ofFirst?.counters.ended ?? 0).toBeLessThan(12);
      await ports().reports.add(lane, 8, { ended: 3 }, 0);
      const expected = [{ slot: 8, counters: { ended: 3 } }];
      expect(await ports().reports.since(lane, 8, 0)).toEqual(expected);
      expect(await ports().reports.since(lane, 8)).toEqual(expected);
    });

    it('tells of the slots asked for, in order', async () => {
      const lane = newLane();
      for (const slot of [1_000, 999, 1_002, 998]) await ports().reports.add(lane, slot, { ended: slot });
      const slots = (await ports().reports.since(lane, 999)).map(({ slot }) => slot);
      expect(slots).toEqual([999, 1_000, 1_002]);
      expect(await ports().reports.since(newLane(), 0)).toEqual([]);
    });
  });

  describe('leases of bundles', () => {
    const releases = ['r|1', 'r2'].map((request_id) => ({ request_id, generation: 3 }));
    const ordered = (found: BundleLease[]) =>
      found.map(({ releases: of, ...lease }) => ({
        ...lease,
        releases: of.toSorted((a, b) => (a.request_id < b.request_id ? -1 : 1)),
      }));
    const expired = async (lane: string, now = 9_999, limit = 10) =>
      ordered(await ports().leases.expired(lane, now, limit));

    it('are over at their time, the oldest first', async () => {
      const [lane, other] = [newLane(), newLane()];
      const [late, early] = [1_000, 500].map((until) => ({
        ...{ lane, id: leaseIdUntil(until), released_at: 7, releases },
      }));
      if (late === undefined || early === undefined) throw new Error('There are two');
      for (const lease of [late, early]) await ports().leases.write(lease);
      await ports().leases.write({ ...late, lane: other, id: leaseIdUntil(1) });
      expect(await expired(lane, 499)).toEqual([]);
      expect(await expired(lane, 500)).toEqual(ordered([early]));
      expect(await expired(lane, 1_000)).toEqual(ordered([early, late]));
      expect(await expired(lane, 1_000, 1)).toEqual(ordered([early]));
    });

    it('last until the last of their releases is settled, in whatever parts', async () => {
      const [lane, id] = [newLane(), leaseIdUntil(1)];
      const { leases } = ports();
      const [first, second] = releases;
      if (first === undefined || second === undefined) throw new Error('There are two');
      await leases.write({ lane, id, released_at: 7, releases });
      await leases.settle(lane, id, [{ ...first, generation: 2 }]);
      expect(await expired(lane)).toEqual(ordered([{ lane, id, released_at: 7, releases }]));
      await leases.settle(lane, id, [second]);
      expect(await expired(lane)).toEqual([{ lane, id, released_at: 7, releases: [first] }]);
      await leases.settle(lane, id, [first, second]);
      expect(await expired(lane)).toEqual([]);
      const whole = leaseIdUntil(2);
      await leases.write({ lane, id: whole, released_at: 7, releases });
      for (let times = 0; times < 2; times++) await leases.settle(lane, whole, releases.toReversed());
      expect(await expired(lane)).toEqual([]);
    });
  });

  it('one of several callers takes a release out of its lease, and no other', async () => {
    const [lane, id] = [newLane(), leaseIdUntil(1)];
    const { leases } = ports();
    const [first, second] = ['r|1', 'r2'].map((request_id) => ({ request_id, generation: 3 }));
    if (first === undefined || second === undefined) throw new Error('There are two');
    await leases.write({ lane, id, released_at: 7, releases: [first, second] });
    expect(await leases.withdraw(lane, id, { ...first, generation: 2 })).toBe(false);
    expect(await leases.withdraw(lane, id, first)).toBe(true);
    expect(await leases.withdraw(lane, id, first)).toBe(false);
    expect(await leases.all(lane)).toEqual([{ lane, id, released_at: 7, releases: [second] }]);
    expect(await leases.withdraw(lane, id, second)).toBe(true);
    expect(await leases.all(lane)).toEqual([]);
    expect(await leases.withdraw(lane, id, second)).toBe(false);
  });

  describe('offers of bundles', () => {
    const offerOf = (until: number): OfferedBundle => ({
      ...{ v: 1, lane: newLane(), released_at: 7, lease: leaseIdUntil(until), bytes: 900, offered: true },
      releases: [{ request_id: 'r|1', generation: 3 }],
    });

    it('stand until one of those who want them takes them, the oldest first, whatever their lanes', async () => {
      const { offers } = ports();
      const [late, early] = [offerOf(1_000), offerOf(500)];
      for (const offer of [late, early]) await offers.make(offer);
      expect(await offers.list(2)).toEqual([early, late]);
      expect(await offers.list(1)).toEqual([early]);
      expect(await offers.stands(early.lease)).toBe(true);
      expect(await offers.take(early.lease)).toBe(true);
      expect(await offers.take(early.lease)).toBe(false);
      expect(await offers.stands(early.lease)).toBe(false);
      expect(await offers.list(2)).toEqual([late]);
      expect(await offers.take(late.lease)).toBe(true);
    });
  });

  describe('accounts of budgets', () => {
    const account = (version: number, tokens: number): BudgetAccount => {
      const spent = { tokens, nano_usd: 5 };
      const held = { tokens: tokens + 1, nano_usd: 7 };
      return { version, lanes: { 'a.b:geo': { token: 3, held, spent, lacks: 'reserved' } }, noticed: 80 };
    };

    it('are read as they were written, by day and tenant', async () => {
      const [tenant, other] = [newLane(), newLane()];
      const { budgets } = ports();
      expect(await budgets.read('2026-11-26', tenant)).toBeUndefined();
      expect(await budgets.write('2026-11-26', tenant, account(1, 10))).toBe(true);
      expect(await budgets.write('2026-11-26', other, account(1, 20))).toBe(true);
      expect(await budgets.write('2026-11-27', tenant, account(1, 30))).toBe(true);
      expect(await budgets.read('2026-11-26', tenant)).toEqual(account(1, 10));
      const listed = new Map((await budgets.list('2026-11-26')).map((it) => [it.tenant, it.account]));
      expect([listed.get(tenant), listed.get(other)]).toEqual([account(1, 10), account(1, 20)]);
    });

    it('are written only upon the version before', async () => {
      const tenant = newLane();
      const write = (version: number) =>
        ports().budgets.write('2026-11-26', tenant, account(version, version));
      expect(await write(2)).toBe(false);
      expect(await write(1)).toBe(true);
      expect(await write(1)).toBe(false);
      expect(await write(3)).toBe(false);
      expect(await write(2)).toBe(true);
      expect(await ports().budgets.read('2026-11-26', tenant)).toEqual(account(2, 2));
    });
  });

  it('has empty maps for settings that were never written', async () => {
    expect(await ports().settings.read()).toEqual({ quota_overrides: {}, tenant_weights: {} });
  });
}
