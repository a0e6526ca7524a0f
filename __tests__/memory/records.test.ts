import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dueKey } from '../../src/core/request/keys.ts';
import { createMemoryCloud } from '../../src/memory/cloud.ts';
import { SortedList } from '../../src/memory/sorted-list.ts';
import { queuedBefore, requestIn, waitingIn } from '../fixtures/records.ts';

describe('SortedList', () => {
  it('holds what was inserted and not removed, in order', () => {
    const changes = fc.array(fc.record({ order: fc.nat(50), insert: fc.boolean() }), {
      maxLength: 3_000,
      minLength: 1_500,
    });
    fc.assert(
      fc.property(changes, (given) => {
        const list = new SortedList<number>();
        const expected = new Map<string, number>();
        for (const [index, { order, insert }] of given.entries()) {
          const oldest = expected.entries().next().value;
          if (insert || !oldest) {
            list.insert({ order, id: `${index}`, entry: order });
            expected.set(`${index}`, order);
          } else {
            list.remove({ order: oldest[1], id: oldest[0] });
            expected.delete(oldest[0]);
          }
        }
        const held = [...list];
        expect(new Map(held.map(({ id, entry }) => [id, entry]))).toEqual(expected);
        const orders = held.map(({ order }) => order);
        expect(orders).toEqual(orders.toSorted((a, b) => a - b));
      }),
      { numRuns: 20 },
    );
  });
});

describe('index lag', () => {
  it('shows a write in the indexes only later, and in the table at once', async () => {
    let now = 0;
    const { ports } = createMemoryCloud({ clock: { now: () => now }, indexLagMs: 100 });
    const record = waitingIn('lane', { accepted_at: 0 });
    await ports.records.create(record);
    const queued = queuedBefore(record, 1);
    const due = { due_key: dueKey('lane', record.request_id), due_at: 50 };
    const heads = () => ports.backlog.heads(record.queue, 10);
    expect(await ports.records.read(record.request_id)).toMatchObject({ status: 'RECEIVED' });
    expect(await heads()).toEqual([]);
    now = 60;
    await ports.records.move({ ...queued, set: { ...queued.set, ...due }, remove: ['backlog_key'] });
    now = 100;
    expect(await heads()).toMatchObject([{ request_id: record.request_id, generation: 0 }]);
    expect(await ports.due.due('lane', now, 10)).toEqual([]);
    now = 160;
    expect(await heads()).toEqual([]);
    expect(await ports.due.due('lane', now, 10)).toMatchObject([{ status: 'QUEUED', generation: 1 }]);
  });
});

it('a record that is dropped is in no index any more, and what the indexes had yet to show of it neither', async () => {
  let now = 0;
  const { ports, table } = createMemoryCloud({ clock: { now: () => now }, indexLagMs: 100 });
  const [shown, unseen] = [waitingIn('lane', { deadline_at: 50 }), waitingIn('lane', { accepted_at: 0 })];
  await ports.records.create(shown);
  now = 100;
  expect(await ports.due.due('lane', now, 10)).toHaveLength(1);
  await ports.records.create(unseen);
  for (const { request_id } of [shown, unseen]) table.drop(request_id);
  now = 200;
  expect(await ports.due.due('lane', now, 10)).toEqual([]);
  expect(await ports.backlog.heads(unseen.queue, 10)).toEqual([]);
});

it('hands out records that nobody can change', async () => {
  const { ports, table } = createMemoryCloud();
  const record = waitingIn('lane', { source: { key: 'inbox/a' } });
  await ports.records.create(record);
  const read = requestIn(await ports.records.read(record.request_id));
  expect(() => Object.assign(read, { tenant: 'changed' })).toThrow(TypeError);
  expect(() => Object.assign(read.source ?? {}, { key: 'changed' })).toThrow(TypeError);
  expect([...table.all()]).toEqual([{ ...record, nonce: read.nonce }]);
});
