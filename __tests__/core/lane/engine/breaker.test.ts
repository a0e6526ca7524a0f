import { describe, expect, it } from 'vitest';
import type { CallEnd } from '../../../../src/core/lane/call-report.ts';
import { Breaker } from '../../../../src/core/lane/engine/breaker.ts';
import type { CallEnds } from '../../../../src/core/lane/engine/failures.ts';
import { RetryBudget } from '../../../../src/core/lane/engine/retry-budget.ts';
import { entryOf } from '../../../fixtures/entries.ts';

type ByTenant = Record<string, number>;

/** Ends of calls of one slot: failures by tenant. */
function ends({
  slot = 0,
  answered = 0,
  transient = {},
  faulted = {},
  daily = 0,
  running = 0,
  probes = {},
}: {
  slot?: number;
  answered?: number;
  transient?: ByTenant;
  faulted?: ByTenant;
  daily?: number;
  running?: number;
  probes?: Record<string, CallEnd>;
}): CallEnds[] {
  const sum = (counts: ByTenant) => Object.values(counts).reduce((a, b) => a + b, 0);
  return [
    {
      ...{ slot, answered, transient: sum(transient), faulted: sum(faulted), daily, running },
      ...{ transients: Object.entries(transient), faults: Object.entries(faulted) },
      probes: Object.entries(probes).map(([tenant, end]) => ({ tenant, end })),
    },
  ];
}

/** Tenants of the requests that may go out, each of which has three waiting. */
function admitted(breaker: Breaker, now: number, ...tenants: string[]): string[] {
  if (breaker.allows(now) === 'none') return [];
  const queues = tenants.map((tenant) => [1, 2, 3].map((order) => entryOf(order, { tenant })));
  return breaker
    .admitted(queues, now)
    .flat()
    .map(({ tenant }) => tenant);
}

/** All calls fail, and there is one tenant. */
function stopped(): Breaker {
  const breaker = new Breaker();
  breaker.observe(1_000, ends({ transient: { acme: 5 } }));
  return breaker;
}

describe('the breaker of a lane in which nothing is answered', () => {
  it('stays closed while failures are few', () => {
    const breaker = new Breaker();
    for (let now = 0; now < 60_000; now += 1_000) {
      breaker.observe(now, ends({ answered: 10, transient: { acme: 1 } }));
    }
    expect(breaker.allows(60_000)).toBe('all');
  });

  it('stays closed while those that fail are few among calls that take long, though none is answered yet', () => {
    const breaker = new Breaker();
    for (let slot = 0; slot < 60; slot += 1) {
      breaker.observe(1_000 * slot, ends({ slot, transient: { acme: 1 }, running: 9 }));
    }
    expect(breaker.allows(60_000)).toBe('all');
    // Control: most of those that went out together fail.
    breaker.observe(60_500, ends({ slot: 60, transient: { acme: 4 }, running: 3 }));
    expect(breaker.trouble).toBe('failing');
  });

  it('opens when half of the calls fail, lets one probe out after a while, and closes when it is answered', () => {
    const breaker = stopped();
    expect(breaker.trouble).toBe('failing');
    expect(admitted(breaker, 1_500, 'acme')).toEqual([]);
    expect(breaker.allows(10_000)).toBe('probe');
    expect(breaker.released(10_000, 20, 'acme')).toBe(true);
    expect(admitted(breaker, 10_500, 'acme')).toEqual([]);
    // Calls of before that end only now say nothing about the probe.
    breaker.observe(10_600, ends({ slot: 1, answered: 2 }));
    expect(breaker.trouble).toBe('failing');
    breaker.observe(11_000, ends({ slot: 20, answered: 1, probes: { acme: 'settled' } }));
    expect(breaker.trouble).toBeUndefined();
    expect(admitted(breaker, 11_000, 'acme')).toHaveLength(3);
  });

  it('lets one request at a time of others find out whether it is their own doing', () => {
    const breaker = stopped();
    expect(admitted(breaker, 1_200, 'acme', 'shop')).toEqual(['shop', 'shop', 'shop']);
    expect(breaker.allows(1_200)).toBe('probe');
    expect(breaker.released(1_200, 2, 'shop')).toBe(true);
    expect(admitted(breaker, 1_400, 'acme', 'shop', 'other')).toEqual([]);
    // It fails, too: now a third may try, and they rest no longer for it.
    breaker.observe(1_600, ends({ slot: 2, transient: { shop: 1 }, probes: { shop: 'transient' } }));
    expect(admitted(breaker, 1_800, 'acme', 'shop', 'other')).toEqual(['other', 'other', 'other']);
    expect(admitted(breaker, 4_000, 'acme', 'shop')).toHaveLength(6);
  });

  it('goes on for others once one of them is answered', () => {
    const breaker = stopped();
    breaker.released(1_200, 2, 'shop');
    breaker.observe(2_000, ends({ slot: 2, answered: 1, probes: { shop: 'settled' } }));
    expect(breaker.trouble).toBeUndefined();
    expect(admitted(breaker, 2_000, 'acme', 'shop', 'other')).not.toContain('acme');
    expect(admitted(breaker, 2_000, 'acme', 'shop', 'other')).toHaveLength(6);
  });

  it('opens in a quiet lane when two calls in a row fail, under one leader or two', () => {
    const breaker = new Breaker();
    breaker.observe(0, ends({ transient: { acme: 1 } }));
    breaker.observe(1_000, ends({ transient: { acme: 1 } }));
    const successor = new Breaker(breaker.snapshot());
    successor.observe(3_900, []);
    expect(successor.trouble).toBeUndefined();
    successor.observe(4_000, []);
    expect(successor.trouble).toBe('failing');
    // The control: an answer between them.
    const answered = new Breaker(breaker.snapshot());
    answered.observe(3_900, ends({ answered: 1 }));
    answered.observe(4_000, []);
    expect(answered.trouble).toBeUndefined();
  });

  it('opens for faults that may be the requests’ own only while nothing else is answered', () => {
    const shared = new Breaker();
    for (let now = 0; now < 60_000; now += 1_000) {
      shared.observe(now, ends({ answered: 1, faulted: { acme: 50 } }));
    }
    expect(shared.allows(60_000)).toBe('all');
    const alone = new Breaker();
    alone.observe(0, ends({ faulted: { acme: 50 } }));
    expect(alone.allows(0)).toBe('all');
    alone.observe(4_000, ends({ faulted: { acme: 1 } }));
    expect(alone.trouble).toBe('failing');
  });

  it('waits longer after each probe that fails, but never long', () => {
    const breaker = stopped();
    const waits: number[] = [];
    let now = 1_000;
    for (let probe = 0; probe < 5; probe++) {
      const from = now;
      while (admitted(breaker, now, 'acme').length === 0) now += 100;
      waits.push(now - from);
      breaker.released(now, probe + 3, 'acme');
      breaker.observe(now, ends({ slot: probe + 3, transient: { acme: 1 }, probes: { acme: 'transient' } }));
    }
    expect(waits[1]).toBeGreaterThan(waits[0] ?? 0);
    expect(Math.max(...waits)).toBeLessThanOrEqual(10_000);
  });

  it('pauses everybody at once on a throttle by the day', () => {
    const daily = new Breaker();
    daily.observe(0, ends({ daily: 1, answered: 50 }));
    expect(daily.trouble).toBe('daily_quota');
    expect(daily.allows(299_000)).toBe('none');
    daily.released(300_000, 600, 'acme');
    daily.observe(301_000, ends({ slot: 600, daily: 1, probes: { acme: 'throttled_daily' } }));
    expect(admitted(daily, 890_000, 'acme', 'shop')).toEqual([]);
    expect(daily.allows(901_000)).toBe('probe');
  });

  it('is closed under a successor of a release that stopped lanes for denials here', () => {
    const breaker = { trouble: 'denied', waitMs: 60_000, until: 60_000 } as never;
    expect(new Breaker({ breaker }).allows(0)).toBe('all');
  });

  it('survives a change of leader', () => {
    const successor = new Breaker(JSON.parse(JSON.stringify(stopped().snapshot())));
    expect(admitted(successor, 1_500, 'acme')).toEqual([]);
    expect(admitted(successor, 10_000, 'acme')).toHaveLength(3);
  });

  it('sends another probe after a change of leader: nobody may have heard of the last one', () => {
    const breaker = stopped();
    breaker.released(5_000, 10, 'acme');
    expect(admitted(breaker, 5_500, 'acme')).toEqual([]);
    expect(admitted(new Breaker(breaker.snapshot()), 5_500, 'acme')).toHaveLength(3);
  });
});

describe('the breaker of a lane in which others are answered', () => {
  /** Calls of these tenants fail, and one call of another is answered in each second. */
  function failing(transient: ByTenant): Breaker {
    const breaker = new Breaker();
    breaker.observe(0, ends({ answered: 1 }));
    breaker.observe(1_000, ends({ answered: 1, transient }));
    return breaker;
  }

  it.each<[string, ByTenant]>([
    ['one', { acme: 50 }],
    ['several', { acme: 50, more: 20 }],
  ])('lets only those rest whose calls fail, %s', (_, transient) => {
    const breaker = failing(transient);
    expect(breaker.trouble).toBeUndefined();
    expect(breaker.resting).toEqual(Object.keys(transient));
    expect(admitted(breaker, 1_200, 'acme', 'shop', ...Object.keys(transient))).toEqual([
      'shop',
      'shop',
      'shop',
    ]);
    expect(breaker.released(1_200, 2, 'shop')).toBe(false);
  });

  it('leaves those alone who have met a hiccup', () => {
    expect(failing({ acme: 50, shop: 1 }).resting).toEqual(['acme']);
  });

  it('lets one request of those who rest probe, in turn, less often each time', () => {
    const breaker = failing({ acme: 50, more: 20 });
    const probes: [string, number][] = [];
    for (let now = 1_000, slot = 10; probes.length < 5; now += 500, slot++) {
      breaker.observe(now, ends({ answered: 1 }));
      const [probe, ...others] = admitted(breaker, now, 'acme', 'more');
      expect(others).toEqual([]);
      if (probe === undefined) continue;
      probes.push([probe, now]);
      expect(breaker.released(now, slot, probe)).toBe(true);
      breaker.observe(now, ends({ slot, transient: { [probe]: 1 }, probes: { [probe]: 'transient' } }));
    }
    expect(probes).toEqual([
      ['acme', 4_000],
      ['more', 10_000],
      ['acme', 20_000],
      ['more', 30_000],
      ['acme', 40_000],
    ]);
    expect(breaker.trouble).toBeUndefined();
  });

  it('goes on for all when the probe is answered', () => {
    const breaker = failing({ acme: 50 });
    breaker.released(4_000, 8, 'acme');
    breaker.observe(5_000, ends({ slot: 8, answered: 1, probes: { acme: 'settled' } }));
    expect(admitted(breaker, 5_000, 'acme', 'shop')).toHaveLength(6);
  });

  it('says nothing of failures of those who rest, and adds others who fail', () => {
    const breaker = failing({ acme: 50 });
    breaker.observe(1_200, ends({ transient: { acme: 50 } }));
    expect(breaker.trouble).toBeUndefined();
    breaker.observe(1_400, ends({ answered: 1 }));
    breaker.observe(1_600, ends({ transient: { more: 5 } }));
    expect(breaker.trouble).toBeUndefined();
    expect(breaker.resting).toEqual(['acme', 'more']);
  });

  it('stops for all when calls of others fail and nothing is answered any more', () => {
    const breaker = failing({ acme: 50 });
    breaker.observe(1_600, ends({ transient: { shop: 3 } }));
    expect(breaker.trouble).toBe('failing');
    expect(admitted(breaker, 1_800, 'acme', 'shop')).toEqual([]);
  });

  it('stops for all when a probe fails and nothing else has been answered since the last time', () => {
    const breaker = failing({ acme: 50 });
    breaker.released(4_000, 8, 'acme');
    breaker.observe(5_000, ends({ slot: 8, transient: { acme: 1 }, probes: { acme: 'transient' } }));
    expect(breaker.trouble).toBe('failing');
  });

  it('is stopped for all when nothing waits but what those sent who rest', () => {
    const breaker = failing({ acme: 50 });
    const [acme, shop] = [entryOf(1, { tenant: 'acme' }), entryOf(2, { tenant: 'shop' })];
    expect([breaker.restsAll([acme]), breaker.restsAll([acme, shop]), breaker.restsAll([])]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('pauses everybody when the day’s tokens are used up', () => {
    const breaker = failing({ acme: 50 });
    breaker.observe(1_200, ends({ daily: 1 }));
    expect(breaker.trouble).toBe('daily_quota');
    expect(admitted(breaker, 200_000, 'acme', 'shop')).toEqual([]);
  });

  it('goes on likewise under a successor', () => {
    const successor = new Breaker(JSON.parse(JSON.stringify(failing({ acme: 50 }).snapshot())));
    expect(admitted(successor, 1_200, 'acme', 'shop')).toEqual(['shop', 'shop', 'shop']);
    expect(successor.trouble).toBeUndefined();
  });

  it('with a hundred tenants at rest, of whom none has anything waiting, lets others find out in turn', () => {
    const breaker = new Breaker();
    const names = Array.from({ length: 120 }, (_, i) => [`t${i}`, 3] as const);
    breaker.observe(0, ends({ transient: Object.fromEntries(names) }));
    expect(admitted(breaker, 1_000, 'new')).toEqual([]);
    let now = 3_000;
    expect(admitted(breaker, now, 'new')).toContain('new');
    breaker.released(now, 6, 'new');
    expect(admitted(breaker, now, 'another')).toEqual([]);
    // It fails, too: the next may try after a longer while.
    breaker.observe(now, ends({ slot: 6, transient: { new: 1 }, probes: { new: 'transient' } }));
    expect(admitted(breaker, now + 3_000, 'another')).toEqual([]);
    now += 7_000;
    expect(admitted(breaker, now, 'another')).toContain('another');
    breaker.released(now, 20, 'another');
    breaker.observe(now + 100, ends({ slot: 20, answered: 1, probes: { another: 'settled' } }));
    expect(breaker.trouble).toBeUndefined();
    expect(admitted(breaker, now + 100, 'new')).toEqual(['new', 'new', 'new']);
  });

  it('remembers no more than a hundred tenants', () => {
    const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`tenant-${i}`, 1]));
    const breaker = failing(many);
    expect(breaker.snapshot().breaker?.tenants).toHaveLength(100);
  });
});

describe('the retry budget', () => {
  it('allows retries as a share of successes, and a trickle', () => {
    const budget = new RetryBudget();
    budget.advance(0, 0);
    let retried = 0;
    while (budget.allows()) {
      budget.spend();
      retried += 1;
    }
    expect(retried).toBe(20);
    budget.advance(1_000, 0);
    expect(budget.allows()).toBe(false);
    budget.advance(2_000, 0);
    expect(budget.allows()).toBe(true);
    budget.spend();
    budget.advance(2_000, 100);
    for (let n = 0; n < 10; n++) budget.spend();
    expect(budget.allows()).toBe(false);
  });
});
