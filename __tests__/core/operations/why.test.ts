import { describe, expect, it } from 'vitest';
import { whyText } from '../../../src/cli/report/why-text.ts';
import { minutesUntilServed, type Weights } from '../../../src/core/lane/expected-start.ts';
import { PRIORITY_WEIGHTS } from '../../../src/core/lane/priority-weights.ts';
import { readBacklog } from '../../../src/core/operations/backlog.ts';
import { chargesBy } from '../../../src/core/operations/charges.ts';
import { whyOf } from '../../../src/core/operations/why.ts';
import type { Priority, RequestRecord } from '../../../src/core/request/record.ts';
import { createReportRows } from '../../../src/memory/reporting.ts';
import { lifeOf } from '../../fixtures/lives.ts';
import { createWorld, LANE, schedule, type World } from '../../fixtures/prioritization-world.ts';
import { requestIn } from '../../fixtures/records.ts';

const WEIGHTS: Weights = { priorities: PRIORITY_WEIGHTS, tenants: {} };

describe('work that shares a lane', () => {
  it.each([
    ['alone', 2, [], 2],
    ['with an equal tenant that has as much', 1, [['b', 3, 1]], 2],
    ['with an equal tenant that has less', 1, [['b', 3, 0.25]], 1.25],
    ['with a more urgent priority that never ends', 1, [['b', 2, Number.POSITIVE_INFINITY]], 3],
    ['with a less urgent priority that never ends', 2, [['b', 4, Number.POSITIVE_INFINITY]], 3],
  ] as [string, number, [string, Priority, number][], number][])(
    'flows off %s',
    (_, minutes, others, after) => {
      const own = { priority: 3 as Priority, tenant: 'a', minutes };
      const rest = others.map(([tenant, priority, amount]) => ({ tenant, priority, minutes: amount }));
      expect(minutesUntilServed(own, rest, WEIGHTS)).toBeCloseTo(after, 9);
    },
  );

  it('flows off faster for a tenant with more weight', () => {
    const own = { priority: 3 as Priority, tenant: 'a', minutes: 1 };
    const other = { priority: 3 as Priority, tenant: 'b', minutes: Number.POSITIVE_INFINITY };
    expect(minutesUntilServed(own, [other], { ...WEIGHTS, tenants: { a: 3 } })).toBeCloseTo(4 / 3, 9);
  });
});

/** A lane of 600 requests a minute, led for some minutes, with a burst of three tenants and priorities in it. */
async function burst(requests: number): Promise<World & { whyOf(id: string): ReturnType<typeof whyOf> }> {
  const world = createWorld({ indexLagMs: 0 });
  const lines: [string, Priority][] = [
    ['acme', 1],
    ['acme', 3],
    ['globex', 3],
    ['globex', 5],
  ];
  for (let i = 0; i < requests; i++) {
    const [tenant, priority] = lines[i % lines.length] ?? ['acme', 3];
    const accepted_at = world.clock.now() - requests + i;
    await world.submit(`r${i}`, {
      tenant,
      priority,
      accepted_at,
      arrival: accepted_at,
      backlog_order: accepted_at,
    });
  }
  schedule(world, 12);
  const ports = { ...world.ports, rows: createReportRows() };
  return Object.assign(world, { whyOf: (id: string) => whyOf(ports, id, world.clock) });
}

describe('why a request waits', () => {
  it('is its place, what binds the lane, and an expected start that the real engine keeps', async () => {
    const world = await burst(2_400);
    const begun = world.clock.now();
    await world.clock.run(begun + 70_000);
    const asked = Array.from({ length: 40 }, (_, i) => `r${i * 59 + 37}`);
    const answers = await Promise.all(asked.map((id) => world.whyOf(id)));
    const waiting = answers.flatMap((why) => (why?.expected_start === undefined ? [] : why));
    expect(waiting.length).toBeGreaterThan(15);
    for (const why of waiting) {
      expect(why.deadline).toBe('kept');
      expect(whyText(why, world.clock.now())).toMatch(
        /Expected to start in .* \(p50\), 19 in 20 within .* \(p95\)/,
      );
    }
    await world.clock.run(begun + 11 * 60_000);
    const errors: number[] = [];
    let kept = 0;
    for (const { request_id, expected_start: { p50 = 0, p95 = 0 } = {} } of waiting) {
      const { started_at = 0 } = requestIn(await world.ports.records.read(request_id));
      if (started_at <= p95) kept++;
      errors.push(Math.abs(started_at - p50));
    }
    expect(kept / waiting.length).toBeGreaterThanOrEqual(0.95);
    const median = errors.sort((a, b) => a - b)[Math.floor(errors.length / 2)] ?? 0;
    expect(median).toBeLessThan(15_000);
  });

  it('counts what is before it in its tenant and priority, and beside it', async () => {
    const world = await burst(40);
    const why = await world.whyOf('r38');
    expect(why).toMatchObject({
      status: 'RECEIVED',
      ahead: {
        tenant: { requests: 9, more: false },
        priority: { requests: 10, more: false },
        lane: { requests: 30, more: false },
      },
      history: [{ what: 'accepted' }],
    });
    const text = whyText(why ?? expect.fail(), world.clock.now());
    expect(text).toMatch(/9 before it, and 30 of other tenants/);
    // Nobody has led the lane yet, so its limits are not known.
    expect(text).toContain('When it starts cannot be told now.');
  });

  it('is known of a request of one of many more tenants than are read', async () => {
    const world = createWorld({ indexLagMs: 0 });
    const begun = world.clock.now();
    for (let index = 0; index < 1_000; index++) {
      const tenant = `tenant-${100 + (index % 250)}`;
      await world.submit(`r${index}`, { tenant, backlog_order: begun - 1_000 + index });
    }
    for (let minute = 0; minute < 4; minute++) {
      world.clock.at(begun + minute * 60_000, () => world.clock.spawn(() => world.prioritize()));
    }
    await world.clock.run(begun + 5_000);
    const why = await whyOf({ ...world.ports, rows: createReportRows() }, 'r999', world.clock);
    expect(why?.ahead).toMatchObject({ tenant: { requests: 3, more: false }, priority: { more: true } });
    await world.clock.run(begun + 4 * 60_000);
    const { started_at = 0 } = requestIn(await world.ports.records.read('r999'));
    const { p50 = 0, p95 = 0 } = why?.expected_start ?? {};
    expect(started_at).toBeLessThan(p95);
    expect(Math.abs(started_at - p50)).toBeLessThan(15_000);
  });

  it('is that prioritization does not run, where nobody has led the lane for some time', async () => {
    const world = await burst(2_400);
    await world.clock.run(world.clock.now() + 60 * 60_000);
    await world.submit('late', { accepted_at: world.clock.now() });
    await world.clock.run(world.clock.now() + 10 * 60_000);
    const why = await world.whyOf('late');
    expect(why).toMatchObject({ lane: { state: 'stopped' }, expected_start: undefined });
    expect(why?.says.join()).toContain('prioritization does not run');
  });

  it('is the pause, and who made it, where nothing can start', async () => {
    const world = await burst(8);
    await world.ports.control.setPause(LANE, { by: 'ada', since: world.clock.now() });
    const why = await world.whyOf('r7');
    expect(why?.expected_start).toBeUndefined();
    expect(why?.says.join()).toContain('Paused by ada');
    expect(why?.remedy).toContain('smoother resume');
  });

  it('is a worker that has not come, once it has been released', async () => {
    const world = await burst(8);
    world.ports.hold.send = async () => {};
    await world.clock.run(world.clock.now() + 1_000);
    const why = await world.whyOf('r7');
    expect(why).toMatchObject({
      status: 'RECEIVED',
      says: ['It has been released and waits for a worker, usually for less than a second.'],
    });
    expect(why).not.toHaveProperty('ahead');
  });

  it('is that calls of its tenant fail while those of others are answered', async () => {
    const world = await burst(8);
    const { tenant = '' } = (await world.whyOf('r7')) ?? {};
    const figures = { unfinished: 0, utilisation: 0.1, share: 1, resting: [tenant] };
    const status = { lease_until: world.clock.now() + 10_000, figures };
    const watch = { ...world.ports.watch, status: async () => status };
    const why = await whyOf({ ...world.ports, watch, rows: createReportRows() }, 'r7', world.clock);
    expect(why?.says.join()).toContain(`Calls of ${tenant} fail while those of others are answered`);
    expect(why?.expected_start).toBeUndefined();
  });

  it('is not asked of what has ended, and its history says how', async () => {
    const world = await burst(4);
    await world.clock.run(world.clock.now() + 20_000);
    const why = await world.whyOf('r0');
    expect(why).toMatchObject({ status: 'COMPLETED', says: ['It has been answered.'] });
    expect(why?.history.map(({ what }) => what)).toEqual([
      'accepted',
      'released',
      'sent to Bedrock',
      'ended COMPLETED',
    ]);
  });

  it('has no answer about what nobody knows', async () => {
    const world = await burst(0);
    expect(await world.whyOf('nobody')).toBeUndefined();
  });
});

describe('the backlog', () => {
  it('is counted by priority and tenant, in requests and in expected tokens', async () => {
    const world = await burst(40);
    const [accepted, , ended] = lifeOf('x', {}) as RequestRecord[];
    expect([accepted?.status, ended?.status]).toEqual(['RECEIVED', 'COMPLETED']);
    const charge = chargesBy(LANE, [{ counters: { completed: 2, charged_tokens: 700, input_tokens: 200 } }]);
    const { lines, unread } = await readBacklog(world.ports, LANE, charge);
    expect(unread).toEqual([]);
    expect(
      lines.map(({ priority, tenant, requests, tokens }) => [priority, tenant, requests, tokens]),
    ).toEqual([
      [1, 'acme', 10, 3_500],
      [3, 'acme', 10, 3_500],
      [3, 'globex', 10, 3_500],
      [5, 'globex', 10, 3_500],
    ]);
  });

  it('never expects an answer beyond its max tokens', () => {
    const charge = chargesBy('amazon.nova-lite:geo', [{ counters: { completed: 1, charged_tokens: 5_000 } }]);
    expect(charge({ input_tokens: 10, max_tokens: 100 })).toBe(110);
  });

  it('expects of answers what their output is charged, where one token of it is charged as five', () => {
    const haiku = 'anthropic.claude-haiku-4-5:geo';
    const counters = { completed: 2, input_tokens: 200, charged_tokens: 2 * (100 + 5 * 1_000) };
    const charge = chargesBy(haiku, [{ counters }]);
    expect(charge({ input_tokens: 100 })).toBe(5_100);
    expect(charge({ input_tokens: 100, max_tokens: 1_000 })).toBe(5_100);
    expect(charge({ input_tokens: 100, max_tokens: 10 })).toBe(150);
    const first = chargesBy(haiku, []);
    expect([first({ input_tokens: 0 }), first({ input_tokens: 0, max_tokens: 100 })]).toEqual([2_500, 500]);
  });
});
