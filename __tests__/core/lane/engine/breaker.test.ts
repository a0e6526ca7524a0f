import { describe, expect, it } from 'vitest';
import { Breaker, type CallEnds } from '../../../../src/core/lane/engine/breaker.ts';
import { RetryBudget } from '../../../../src/core/lane/engine/retry-budget.ts';

const ends = (fields: Partial<CallEnds>): CallEnds[] => [
  { slot: 0, answered: 0, transient: 0, faulted: 0, daily: 0, ...fields },
];

describe('the breaker', () => {
  it('stays closed while failures are few', () => {
    const breaker = new Breaker();
    for (let now = 0; now < 60_000; now += 1_000) breaker.observe(now, ends({ answered: 10, transient: 1 }));
    expect(breaker.allows(60_000)).toBe('all');
  });

  it('opens when half of the calls fail, lets one probe out after a while, and closes when it is answered', () => {
    const breaker = new Breaker();
    breaker.observe(1_000, ends({ transient: 5 }));
    expect(breaker.trouble).toBe('failing');
    expect(breaker.allows(1_500)).toBe('none');
    expect(breaker.allows(10_000)).toBe('probe');
    breaker.released(10_000, 20);
    expect(breaker.allows(10_500)).toBe('none');
    // Calls of before that end only now say nothing about the probe.
    breaker.observe(10_600, ends({ slot: 1, answered: 2 }));
    expect(breaker.trouble).toBe('failing');
    breaker.observe(11_000, ends({ slot: 20, answered: 1 }));
    expect(breaker.trouble).toBeUndefined();
  });

  it('opens in a quiet lane when two calls in a row fail, under one leader or two', () => {
    const breaker = new Breaker();
    breaker.observe(0, ends({ transient: 1 }));
    breaker.observe(1_000, ends({ transient: 1 }));
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
    for (let now = 0; now < 60_000; now += 1_000) shared.observe(now, ends({ answered: 1, faulted: 50 }));
    expect(shared.allows(60_000)).toBe('all');
    const alone = new Breaker();
    alone.observe(0, ends({ faulted: 50 }));
    expect(alone.allows(0)).toBe('all');
    alone.observe(4_000, ends({ faulted: 1 }));
    expect(alone.trouble).toBe('failing');
  });

  it('waits longer after each probe that fails, but never long', () => {
    const breaker = new Breaker();
    breaker.observe(0, ends({ transient: 5 }));
    const waits: number[] = [];
    let now = 0;
    for (let probe = 0; probe < 5; probe++) {
      const from = now;
      while (breaker.allows(now) === 'none') now += 100;
      waits.push(now - from);
      breaker.released(now, probe + 1);
      breaker.observe(now, ends({ slot: probe + 1, transient: 1 }));
    }
    expect(waits[1]).toBeGreaterThan(waits[0] ?? 0);
    expect(Math.max(...waits)).toBeLessThanOrEqual(10_000);
  });

  it('pauses at once on a throttle by the day', () => {
    const daily = new Breaker();
    daily.observe(0, ends({ daily: 1, answered: 50 }));
    expect(daily.trouble).toBe('daily_quota');
    expect(daily.allows(299_000)).toBe('none');
  });

  it('is closed under a successor of a release that stopped lanes for denials here', () => {
    const breaker = { trouble: 'denied', waitMs: 60_000, until: 60_000 } as never;
    expect(new Breaker({ breaker }).allows(0)).toBe('all');
  });

  it('survives a change of leader', () => {
    const breaker = new Breaker();
    breaker.observe(1_000, ends({ transient: 5 }));
    const successor = new Breaker(JSON.parse(JSON.stringify(breaker.snapshot())));
    expect(successor.allows(1_500)).toBe('none');
    expect(successor.allows(10_000)).toBe('probe');
  });

  it('sends another probe after a change of leader: nobody may have heard of the last one', () => {
    const breaker = new Breaker();
    breaker.observe(1_000, ends({ transient: 5 }));
    breaker.released(5_000, 10);
    expect(breaker.allows(5_500)).toBe('none');
    expect(new Breaker(breaker.snapshot()).allows(5_500)).toBe('probe');
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
