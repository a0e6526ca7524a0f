import { describe, expect, it } from 'vitest';
import { recoverDue } from '../../../src/core/prioritization/recovery.ts';
import { leaseIdUntil } from '../../../src/core/request/bundle-lease.ts';
import { dueKey } from '../../../src/core/request/keys.ts';
import type { RequestRecord } from '../../../src/core/request/record.ts';
import { ResultsQueueError } from '../../../src/core/request/result.ts';
import { claim, end, setAside } from '../../../src/core/request/transitions.ts';
import { createWorld, LANE, type World } from '../../fixtures/prioritization-world.ts';
import { MAX_ATTEMPTS, queuedBefore, releaseOf, requestIn } from '../../fixtures/records.ts';

function recover({ ports, clock }: World): Promise<void> {
  return recoverDue({ ...ports, clock, log: () => undefined, maxAttempts: MAX_ATTEMPTS }, LANE);
}

const LEASE_MS = 1_000;

/** Released by a leader that was never heard of again. */
async function release({ ports, clock }: World, id: string, generation = 0): Promise<void> {
  const releasedAt = clock.now();
  await ports.leases.write({
    lane: LANE,
    id: leaseIdUntil(releasedAt + LEASE_MS),
    released_at: releasedAt,
    releases: [{ request_id: id, generation: generation + 1 }],
  });
}

/** By a worker. */
async function claimed({ ports, clock }: World, id: string, generation = 1): Promise<RequestRecord> {
  const release = releaseOf({ request_id: id, generation: generation - 1 });
  const moved = await ports.records.move(claim(release, { released_at: clock.now() }, clock.now()));
  if (!moved.applied) throw new Error('Not claimed');
  return requestIn(moved.record);
}

/** Released, claimed and called, and its outcome is committed. */
async function complete(world: World, id: string): Promise<void> {
  const { records } = world.ports;
  await release(world, id);
  const record = await claimed(world, id);
  await records.move(end(record, { status: 'COMPLETED', finishedAt: world.clock.now() + 10 }));
}

describe('a release that was lost', () => {
  it('comes back to its old place when its lease has run out, not before', async () => {
    const world = createWorld({ indexLagMs: 0 });
    await world.submit('r1');
    await release(world, 'r1');
    await world.clock.run(world.clock.now() + 999);
    await recover(world);
    expect(await world.ports.records.read('r1')).toMatchObject({ status: 'RECEIVED', generation: 0 });
    await world.clock.run(world.clock.now() + 1);
    await recover(world);
    expect(world.cloud.leases()).toEqual([]);
    const record = requestIn(await world.ports.records.read('r1'));
    expect(record).toMatchObject({ status: 'RECEIVED', generation: 1, failures: 0 });
    expect(record.backlog_order).toBe(record.arrival);
    expect(await world.ports.directory.list(LANE)).toMatchObject([
      { backlog_key: record.queue, about: { request_id: 'r1', generation: 1 } },
    ]);
    // Its message is too late now, whenever it comes.
    const late = claim(releaseOf({ request_id: 'r1', generation: 0 }), { released_at: 1 }, 2);
    expect(await world.ports.records.move(late)).toEqual({ applied: false, record });
  });

  it('counts as a failure when its call may have been made, and fails the request in the end', async () => {
    const world = createWorld({ indexLagMs: 0 });
    await world.submit('r1', { failures: 1, attempts: 1 });
    await release(world, 'r1');
    await claimed(world, 'r1', 1);
    await world.clock.run(world.clock.now() + 1_000);
    await recover(world);
    expect(await world.ports.records.read('r1')).toMatchObject({
      status: 'RECEIVED',
      failures: 2,
      attempts: 2,
    });
    await release(world, 'r1', 1);
    await claimed(world, 'r1', 2);
    await world.clock.run(world.clock.now() + LEASE_MS);
    await recover(world);
    expect(world.cloud.sent).toMatchObject([{ status: 'FAILED', error: { type: 'WorkerLost' } }]);
  });

  it('of an earlier release of the smoother comes back by its due key', async () => {
    const world = createWorld({ indexLagMs: 0 });
    await world.submit('r1');
    const queued = queuedBefore({ request_id: 'r1', generation: 0 }, world.clock.now());
    const due = { due_key: dueKey(LANE, 'r1'), due_at: world.clock.now() + LEASE_MS };
    await world.ports.records.move({
      ...queued,
      set: { ...queued.set, ...due },
      remove: ['backlog_key', 'backlog_order'],
    });
    await world.clock.run(world.clock.now() + LEASE_MS);
    await recover(world);
    expect(await world.ports.records.read('r1')).toMatchObject({ status: 'RECEIVED', generation: 1 });
  });

  it('is left to the release that has taken its place', async () => {
    const world = createWorld({ indexLagMs: 0 });
    await world.submit('r1');
    const [releasedAt] = [world.clock.now()];
    await world.clock.run(releasedAt + 500);
    await release(world, 'r1');
    await claimed(world, 'r1');
    // Of a leader that lost the race for the same request.
    await world.ports.leases.write({
      ...{ lane: LANE, id: leaseIdUntil(releasedAt + LEASE_MS), released_at: releasedAt },
      releases: [{ request_id: 'r1', generation: 1 }],
    });
    await world.clock.run(releasedAt + LEASE_MS);
    await recover(world);
    expect(await world.ports.records.read('r1')).toMatchObject({ status: 'IN_PROGRESS', generation: 1 });
    expect(world.cloud.leases()).toHaveLength(1);
  });
});

describe('a request that was set aside', () => {
  async function aside(world: World, id: string, forMs: number): Promise<void> {
    await release(world, id);
    await world.ports.records.move(setAside(await claimed(world, id), world.clock.now() + forMs));
  }

  it('is in no backlog until its time, and then in its old place, having spent nothing', async () => {
    const world = createWorld({ indexLagMs: 0 });
    await world.submit('r1', { failures: 2, attempts: 2 });
    const { queue: place } = requestIn(await world.ports.records.read('r1'));
    await aside(world, 'r1', 10_000);
    await world.clock.run(world.clock.now() + 9_999);
    await recover(world);
    expect(await world.ports.records.read('r1')).toHaveProperty('due_at');
    expect(await world.ports.backlog.heads(place, 10)).toEqual([]);
    await world.clock.run(world.clock.now() + 1);
    await recover(world);
    await recover(world);
    const record = requestIn(await world.ports.records.read('r1'));
    expect(record).toMatchObject({ status: 'RECEIVED', generation: 1, failures: 2, attempts: 2 });
    expect(record).not.toHaveProperty('due_at');
    expect(await world.ports.backlog.heads(place, 10)).toMatchObject([
      { request_id: 'r1', backlog_order: record.arrival },
    ]);
    expect(await world.ports.directory.list(LANE)).toMatchObject([{ backlog_key: place }]);
  });

  it('expires at its deadline', async () => {
    const world = createWorld({ indexLagMs: 0 });
    const deadline = world.clock.now() + 5_000;
    await world.submit('r1', { deadline_at: deadline });
    await aside(world, 'r1', 10_000);
    await world.clock.run(deadline);
    await recover(world);
    expect(world.cloud.sent).toMatchObject([{ status: 'EXPIRED', error: { type: 'DeadlinePassed' } }]);
  });

  it('keeps a deadline of its own when it is back', async () => {
    const world = createWorld({ indexLagMs: 0 });
    const deadline = world.clock.now() + 60_000;
    await world.submit('r1', { deadline_at: deadline, has_deadline: true });
    await aside(world, 'r1', 10_000);
    await world.clock.run(world.clock.now() + 10_000);
    await recover(world);
    expect(await world.ports.records.read('r1')).toMatchObject({ status: 'RECEIVED', due_at: deadline });
  });
});

describe('an outcome whose worker was lost', () => {
  it('is sent when the lease of its bundle is over, once', async () => {
    const world = createWorld({ indexLagMs: 0 });
    await world.submit('r1');
    await complete(world, 'r1');
    await recover(world);
    expect(world.cloud.sent).toEqual([]);
    await world.clock.run(world.clock.now() + LEASE_MS);
    await recover(world);
    await recover(world);
    expect(world.cloud.sent).toMatchObject([{ request_id: 'r1', status: 'COMPLETED' }]);
    expect(world.cloud.leases()).toEqual([]);
  });

  it('falls due again, and does not expire, while its results queue is gone', async () => {
    const world = createWorld({ indexLagMs: 0 });
    await world.submit('r1', { results: 'gone' });
    await complete(world, 'r1');
    const { send } = world.ports.results;
    world.ports.results.send = async () => {
      throw new ResultsQueueError('gone');
    };
    await world.clock.run(world.clock.now() + LEASE_MS);
    await recover(world);
    const record = await world.ports.records.read('r1');
    expect(record?.due_at).toBeGreaterThan(world.clock.now());
    expect(record).not.toHaveProperty('expires_at');
    world.ports.results.send = send;
    await world.clock.run(record?.due_at ?? 0);
    await recover(world);
    expect(world.cloud.sent).toMatchObject([{ request_id: 'r1' }]);
    expect(await world.ports.records.read('r1')).toMatchObject({ result_sent: true });
  });
});

describe('an outcome whose result was not marked sent', () => {
  it('is sent again, identical, and marked', async () => {
    const world = createWorld({ indexLagMs: 0 });
    await world.submit('r1');
    const seen = { request_id: 'r1', lane: LANE, generation: 0, status: 'RECEIVED' as const };
    await world.ports.records.move(end(seen, { status: 'CANCELLED', finishedAt: world.clock.now() }));
    await world.clock.run(world.clock.now() + 30_000);
    await recover(world);
    await recover(world);
    expect(world.cloud.sent).toMatchObject([{ request_id: 'r1', status: 'CANCELLED' }]);
    expect(await world.ports.records.read('r1')).toMatchObject({ result_sent: true });
  });
});

describe('a deadline', () => {
  it('is kept promptly, also far from the head of the backlog', async () => {
    const world = createWorld({ limits: { requests_per_minute: 10 } });
    for (let i = 0; i < 200; i++) await world.submit(`r${i}`);
    await world.clock.run(world.clock.now() + 1);
    const deadline = world.clock.now() + 20_000;
    await world.submit('late', {
      deadline_at: deadline,
      has_deadline: true,
      due_key: dueKey(LANE, 'late'),
      due_at: deadline,
    });
    world.clock.spawn(() => world.prioritize());
    await world.clock.run(deadline + 2_000);
    const result = world.cloud.sent.find(({ request_id }) => request_id === 'late');
    expect(result).toMatchObject({ status: 'EXPIRED', error: { type: 'DeadlinePassed' }, attempts: 0 });
    await world.clock.run(deadline + 200_000);
  });
});
