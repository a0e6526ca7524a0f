import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { FairQueues } from '../../../../src/core/lane/engine/fair-queues.ts';
import { StartTags } from '../../../../src/core/lane/engine/start-tags.ts';
import { minutesUntilServed } from '../../../../src/core/lane/expected-start.ts';
import { PRIORITY_WEIGHTS } from '../../../../src/core/lane/priority-weights.ts';
import type { BacklogEntry } from '../../../../src/core/request/ports.ts';
import { PRIORITIES, type Priority } from '../../../../src/core/request/record.ts';
import { seededRandom } from '../../../../src/lab/simulation/random.ts';
import { entryOf } from '../../../fixtures/entries.ts';

const WEIGHTS = { priorityWeights: PRIORITY_WEIGHTS, tenantWeights: {} };

/** Endless queues of one priority and tenant each, served one after the other at their costs. */
function serve(
  queues: FairQueues,
  flows: { priority: Priority; tenant: string; cost: number }[],
  count: number,
  weights = WEIGHTS,
): Map<string, number> {
  const served = new Map<string, number>();
  const waiting = flows.map(({ priority, tenant }, i) =>
    Array.from({ length: 4 }, (_, k) => entryOf(i * 10 + k, { priority, tenant })),
  );
  for (let n = 0; n < count; n++) {
    const costOf = ({ priority, tenant }: BacklogEntry) =>
      flows.find((it) => it.priority === priority && it.tenant === tenant)?.cost ?? 0;
    queues.enter(waiting, weights, costOf);
    const entry = queues.next();
    if (entry === undefined) throw new Error('Nothing waits');
    const key = `${entry.priority} ${entry.tenant}`;
    const cost = costOf(entry);
    queues.serve(cost);
    served.set(key, (served.get(key) ?? 0) + cost);
  }
  return served;
}

describe('priorities', () => {
  it('share by their weights while all have a backlog', () => {
    const flows = PRIORITIES.map((priority) => ({ priority, tenant: 'a', cost: 100 }));
    const served = serve(new FairQueues(), flows, 3_100);
    for (const priority of PRIORITIES) {
      const share = (served.get(`${priority} a`) ?? 0) / 310_000;
      expect(share).toBeCloseTo(PRIORITY_WEIGHTS[priority] / 31, 2);
    }
  });

  it('take what others do not use, and owe nothing for it', () => {
    const queues = new FairQueues();
    const bulk = { priority: 5 as const, tenant: 'a', cost: 100 };
    expect(serve(queues, [bulk], 100).get('5 a')).toBe(10_000);
    // Priority 1 comes back: it is served by its weight from now on, neither more nor less.
    const both = serve(queues, [bulk, { priority: 1, tenant: 'a', cost: 100 }], 170);
    expect(both.get('5 a')).toBeCloseTo(1_000, -3);
  });

  it('owe nothing for urgent work that went before their turn, once that is forgiven', () => {
    const bulk = { priority: 3 as const, tenant: 'a', cost: 100 };
    const chat = { priority: 1 as const, tenant: 'a', cost: 100 };
    const urgentGets = (forgive: boolean) => {
      const queues = new FairQueues();
      const waiting = [chat, bulk].map((it, i) => [0, 1, 2, 3].map((k) => entryOf(i * 10 + k, it)));
      for (let n = 0; n < 100; n++) {
        queues.enter(waiting, WEIGHTS, () => 100);
        queues.next();
        queues.passOthers();
        queues.next();
        queues.serve(100);
      }
      queues.enter(waiting, WEIGHTS, () => 100);
      if (forgive) queues.putUrgentFirst();
      return serve(queues, [chat, bulk], 20).get('1 a');
    };
    expect(urgentGets(true)).toBe(1_600);
    expect(urgentGets(false)).toBeUndefined();
  });

  it('follow weights that change while they wait', () => {
    const queues = new FairQueues();
    const flows = [1, 5].map((priority) => ({ priority: priority as Priority, tenant: 'a', cost: 100 }));
    serve(queues, flows, 100);
    const equal = { ...WEIGHTS, priorityWeights: { 1: 1, 2: 1, 3: 1, 4: 1, 5: 1 } };
    const served = serve(queues, flows, 400, equal);
    expect(Math.abs((served.get('1 a') ?? 0) - (served.get('5 a') ?? 0))).toBeLessThan(2_000);
  });
});

describe('a new leader each minute', () => {
  /** What each flow has got of so many in a minute. */
  function servedBy(
    minutes: number,
    flows: { priority: Priority; tenant: string; cost: number }[],
    each: number,
  ) {
    const served = new Map<string, number>();
    let queues = new FairQueues();
    for (let minute = 0; minute < minutes; minute++) {
      for (const [key, cost] of serve(queues, flows, each)) served.set(key, (served.get(key) ?? 0) + cost);
      queues = new FairQueues(JSON.parse(JSON.stringify(queues.snapshot())));
    }
    return served;
  }

  it('leaves priorities their shares where only requests count, four a minute', () => {
    const flows = ([2, 5] as const).map((priority) => ({ priority, tenant: 'a', cost: 1 }));
    expect(servedBy(90, flows, 4).get('5 a')).toBeCloseTo(360 / 9, -1);
  });

  it('leaves every tenant its share, where there are more of them than are remembered', () => {
    const old = Array.from({ length: 150 }, (_, i) => `old-${i}`);
    const tenants = [...old, ...Array.from({ length: 50 }, (_, i) => `new-${i}`)];
    const waiting = tenants.map((tenant, i) =>
      [0, 1].map((k) => entryOf(2 * i + k, { tenant, deadline_at: i })),
    );
    const served = new Map(tenants.map((tenant) => [tenant, 0]));
    let queues = new FairQueues();
    for (let minute = 0; minute < 80; minute++) {
      queues.enter(waiting, WEIGHTS, () => 1_000);
      for (let n = 0; n < 50; n++) {
        const tenant = queues.next()?.tenant ?? '';
        queues.serve(1_000);
        served.set(tenant, (served.get(tenant) ?? 0) + 1);
      }
      queues = new FairQueues(JSON.parse(JSON.stringify(queues.snapshot())));
    }
    // 20 are due to each.
    expect(Math.min(...served.values())).toBeGreaterThanOrEqual(14);
  });
});

describe('urgent work', () => {
  /** All that comes at once, in the order in which it is served. */
  function served(waiting: BacklogEntry[], costOf: (entry: BacklogEntry) => number): BacklogEntry[] {
    const queues = new FairQueues();
    queues.enter(
      waiting.map((entry) => [entry]),
      WEIGHTS,
      costOf,
    );
    const order: BacklogEntry[] = [];
    for (let entry = queues.next(); entry !== undefined; entry = queues.next()) {
      order.push(entry);
      queues.serve(costOf(entry));
    }
    return order;
  }

  it('goes first among equals, and shares in the long run: twenty at once, four of each priority', () => {
    const waiting = PRIORITIES.flatMap((priority) =>
      Array.from({ length: 4 }, (_, i) => entryOf(priority * 10 + i, { priority })),
    );
    const order = served(waiting, () => 100).map(({ priority }) => priority);
    expect(order).toEqual([1, 1, 2, 1, 1, 2, 3, 2, 2, 3, 4, 3, 3, 4, 5, 4, 4, 5, 5, 5]);
  });

  it('never waits behind less urgent work that came with it, within its share', () => {
    const request = fc.record({
      priority: fc.constantFrom(...PRIORITIES),
      cost: fc.integer({ min: 1, max: 1_000 }),
    });
    fc.assert(
      fc.property(fc.array(request, { minLength: 2, maxLength: 60 }), (requests) => {
        const entries = requests.map(({ priority }, i) => entryOf(i, { priority }));
        const costs = new Map(entries.map((entry, i) => [entry, requests[i]?.cost ?? 0]));
        const costOf = (entry: BacklogEntry) => costs.get(entry) ?? 0;
        const received = new Map<Priority, number>();
        const order = served(entries, costOf);
        order.forEach((entry, place) => {
          const forItsWeight = (it: BacklogEntry) =>
            ((received.get(it.priority) ?? 0) + costOf(it)) / PRIORITY_WEIGHTS[it.priority];
          for (const { priority } of order.slice(place)) {
            if (priority >= entry.priority) continue;
            const next = order.slice(place).find((it) => it.priority === priority) as BacklogEntry;
            // With its next request it would have more than its share beside the one that goes before it.
            expect(forItsWeight(next)).toBeGreaterThan(forItsWeight(entry));
          }
          received.set(entry.priority, (received.get(entry.priority) ?? 0) + costOf(entry));
        });
      }),
      { numRuns: 100 },
    );
  });
});

describe('urgent work within its share', () => {
  it('goes before all that came with it, however large it is', () => {
    const queues = new FairQueues();
    const waiting = [[entryOf(1, { priority: 1 })], [entryOf(2, { priority: 2 })]];
    const costOf = ({ priority }: BacklogEntry) => (priority === 1 ? 20_000 : 50);
    queues.enter(waiting, WEIGHTS, costOf);
    expect(queues.next()?.priority).toBe(2);
    queues.putUrgentFirst();
    expect(queues.next()?.priority).toBe(1);
  });
});

describe('tenants of one priority', () => {
  it('share by tokens, whatever their requests cost', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 2, maxLength: 8 }),
        fc.integer({ min: 100, max: 400 }),
        (costs, count) => {
          const flows = costs.map((cost, i) => ({ priority: 3 as const, tenant: `t${i}`, cost }));
          const served = serve(new FairQueues(), flows, count);
          const received = flows.map(({ tenant }) => served.get(`3 ${tenant}`) ?? 0);
          // The promise of start-time fair queueing: no two are ever further apart than their largest requests.
          expect(Math.max(...received) - Math.min(...received)).toBeLessThanOrEqual(2 * Math.max(...costs));
        },
      ),
      { numRuns: 50 },
    );
  });

  it('are made good for what their calls really cost', () => {
    const queues = new FairQueues();
    const flows = ['a', 'b'].map((tenant) => ({ priority: 3 as const, tenant, cost: 100 }));
    serve(queues, flows, 2);
    queues.correct({ priority: 3, tenant: 'a' }, 1_000);
    expect(serve(queues, flows, 10).get('3 b')).toBe(1_000);
  });

  it.each(['constructor', 'toString', 'valueOf'])('may be named %s', (tenant) => {
    const [own, other] = [tenant, 'acme'].map((it) => ({ priority: 3 as const, tenant: it, cost: 100 }));
    if (own === undefined || other === undefined) throw new Error();
    expect(serve(new FairQueues(), [own, other], 100).get('3 acme')).toBe(5_000);
    const weights = { priorities: PRIORITY_WEIGHTS, tenants: {} };
    const flow = { priority: 3 as const, minutes: 1 };
    expect(minutesUntilServed({ ...flow, tenant }, [{ ...flow, tenant: 'acme' }], weights)).toBe(2);
  });

  it('share also after a plan in which their places were lost', () => {
    const flows = ['a', 'b'].map((tenant) => ({ priority: 3 as const, tenant, cost: 100 }));
    const plan = '{"priorities":[[3,null]],"tenants":[[3,[["a",null],["b",0]]]]}';
    expect(serve(new FairQueues(JSON.parse(plan)), flows, 100).get('3 b')).toBe(5_000);
  });

  it('have weights too', () => {
    const flows = ['chat', 'bulk'].map((tenant) => ({ priority: 3 as const, tenant, cost: 10 }));
    const served = serve(new FairQueues(), flows, 400, { ...WEIGHTS, tenantWeights: { chat: 3 } });
    expect((served.get('3 chat') ?? 0) / (served.get('3 bulk') ?? 1)).toBeCloseTo(3, 1);
  });

  it('get their turn again though new ones come as fast as they are served, each for the first time', () => {
    const strangers = fc.record({ waiting: fc.integer({ min: 1, max: 30 }), seed: fc.integer() });
    fc.assert(
      fc.property(strangers, ({ waiting, seed }) => {
        const random = seededRandom(seed);
        let queues = new FairQueues();
        let newest = 0;
        const next = (tenant: string) =>
          entryOf(++newest, { priority: 3, tenant, input_tokens: Math.round(70 + 60 * random()) });
        const entries = [next('back')];
        let since = 0;
        for (let served = 0; served < 10 * waiting + 50; served++) {
          while (entries.length <= waiting) entries.push(next(`new-${newest}`));
          queues.enter(
            entries.map((it) => [it]),
            WEIGHTS,
            (it) => it.input_tokens,
          );
          const entry = queues.next();
          if (entry === undefined) throw new Error('Nothing waits');
          queues.serve(entry.input_tokens);
          entries.splice(entries.indexOf(entry), 1);
          since += 1;
          if (entry.tenant === 'back') {
            entries.push(next('back'));
            since = 0;
          }
          // In that time all who wait have their turn four times over.
          expect(since).toBeLessThan(4 * waiting + 10);
          if (served % 40 === 39) queues = new FairQueues(queues.snapshot());
        }
      }),
      { numRuns: 30 },
    );
  });

  it('keep their place over a change of leader', () => {
    const queues = new FairQueues();
    const [a, b] = ['a', 'b'].map((tenant) => ({ priority: 3 as const, tenant, cost: 100 }));
    if (a === undefined || b === undefined) throw new Error();
    serve(queues, [a, b], 2);
    queues.correct({ priority: 3, tenant: 'a' }, 1_000);
    const successor = new FairQueues(queues.snapshot());
    expect(serve(successor, [a, b], 9).get('3 a')).toBeUndefined();
  });
});

it('looks at no other tenant when one of many has been looked at', () => {
  const looks = vi.spyOn(StartTags.prototype, 'tagOf');
  const tenants = Array.from({ length: 300 }, (_, i) => `tenant-${i}`);
  const entries = tenants.map((tenant, i) =>
    [0, 1, 2, 3].map((k) => entryOf(4 * i + k, { priority: 3, tenant })),
  );
  const queues = new FairQueues();
  queues.enter(entries, WEIGHTS, () => 100);
  let count = 0;
  for (; queues.next() !== undefined; count++) {
    if (count % 2 === 0) queues.serve(100);
    else queues.drop();
  }
  expect(count).toBe(1_200);
  expect(looks.mock.calls.length).toBeLessThan(10 * count);
  looks.mockRestore();
});

describe('order', () => {
  const take = (queues: FairQueues, entries: BacklogEntry[][]) => {
    queues.enter(entries, WEIGHTS, () => 1);
    const order: string[] = [];
    for (let entry = queues.next(); entry !== undefined; entry = queues.next()) {
      order.push(entry.request_id);
      queues.serve(1);
    }
    return order;
  };

  it('inside a tenant is that of arrival, over all its shards', () => {
    const shards = [
      [entryOf(1), entryOf(4)],
      [entryOf(2), entryOf(3)],
    ];
    expect(take(new FairQueues(), shards)).toEqual(['r1', 'r2', 'r3', 'r4']);
  });

  it('between equally entitled tenants is that of deadlines', () => {
    const entries = [
      [entryOf(1, { tenant: 'a', deadline_at: 2_000 })],
      [entryOf(2, { tenant: 'b', deadline_at: 1_000 })],
    ];
    expect(take(new FairQueues(), entries)).toEqual(['r2', 'r1']);
  });
});

describe('a request that does not fit', () => {
  /** Rounds a second apart. Who goes past a large request, which takes ten seconds of the lane, when it is passed over in each. */
  function past(
    seconds: number,
    begin = new FairQueues(),
    from = 0,
  ): { tenants: string[]; queues: FairQueues } {
    const tenants: string[] = [];
    for (let second = from; second < from + seconds; second++) {
      const [big, bulk, chat] = (['big', 'bulk', 'chat'] as const).map((tenant, i) =>
        entryOf(tenant === 'big' ? 0 : second * 10 + i, { tenant, priority: tenant === 'chat' ? 1 : 3 }),
      ) as [BacklogEntry, BacklogEntry, BacklogEntry];
      begin.enter([[big], [bulk], [chat]], WEIGHTS, ({ tenant }) => (tenant === 'big' ? 1_000 : 100));
      begin.putUrgentFirst();
      for (let entry = begin.next(); entry !== undefined; entry = begin.next()) {
        if (entry.request_id !== big.request_id) {
          tenants.push(entry.tenant);
          begin.serve(100);
          continue;
        }
        const lets = begin.skip(second * 1_000, 10_000, 500);
        if (lets === 'nobody') break;
        if (lets === 'urgent') begin.passOthers();
      }
    }
    return { tenants, queues: begin };
  }
  const countOf = (tenants: string[], tenant: string) => tenants.filter((it) => it === tenant).length;

  it('lets others past for as long as it needs, then only as much urgent work as fits beside it, then nobody', () => {
    const { tenants } = past(30);
    expect(countOf(tenants, 'bulk')).toBeGreaterThan(8);
    expect(countOf(tenants, 'bulk')).toBeLessThan(13);
    expect(tenants.slice(tenants.lastIndexOf('bulk') + 1)).toEqual(Array(5).fill('chat'));
  });

  it('goes on doing so when another leader takes the lane', () => {
    const successors = [4, 9, 13, 25].reduce(
      ({ tenants, queues, from }, to) => {
        const successor = new FairQueues(JSON.parse(JSON.stringify(queues.snapshot())));
        const more = past(to - from, successor, from);
        return { tenants: [...tenants, ...more.tenants], queues: more.queues, from: to };
      },
      { tenants: [] as string[], queues: new FairQueues(), from: 0 },
    );
    const { tenants } = past(25);
    expect(successors.tenants).toEqual(tenants);
  });

  it('makes another wait as long again that would stop urgent work', () => {
    const { queues } = past(30);
    const waiting = ['big', 'other'].map((tenant, i) => [entryOf(i, { tenant })]);
    queues.enter([...waiting, [entryOf(9, { priority: 1 })]], WEIGHTS, () => 1_000);
    expect(queues.next()?.tenant).toBe('big');
    queues.serve(1_000);
    queues.enter([...waiting.slice(1), [entryOf(9, { priority: 1 })]], WEIGHTS, () => 1_000);
    while (queues.next()?.tenant !== 'other') queues.serve(1_000);
    expect(queues.skip(40_000, 10_000, 500)).toBe('others');
  });

  it('is waited for at once when it is urgent', () => {
    for (const [priority, lets] of [
      [1, 'nobody'],
      [2, 'others'],
    ] as const) {
      const queues = new FairQueues();
      queues.enter([[entryOf(1, { priority })], [entryOf(2, { priority: 5 })]], WEIGHTS, () => 100);
      expect(queues.next()?.priority).toBe(priority);
      expect(queues.skip(0, 1_000, 1_000)).toBe(lets);
    }
  });
});
