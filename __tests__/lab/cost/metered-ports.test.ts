import { describe, expect, it } from 'vitest';
import { claim, end } from '../../../src/core/request/transitions.ts';
import { Bill } from '../../../src/lab/cost/bill.ts';
import { queueRequestsOf } from '../../../src/lab/cost/billed-sizes.ts';
import { meteredPorts } from '../../../src/lab/cost/metered-ports.ts';
import { createMemoryCloud } from '../../../src/memory/cloud.ts';
import { LANE, releaseOf, requestIn, waitingRecord } from '../../fixtures/records.ts';

function metered(inputBytes = 2_000, outputBytes = 1_024) {
  const bill = new Bill();
  // Half of such payloads take two units, half of them four.
  const sizes = { inputBytes, packedBytes: [1_100, 4_000], outputBytes };
  return { bill, ports: meteredPorts(createMemoryCloud().ports, bill, sizes) };
}

describe('the bill', () => {
  it('counts each write of a record by its kilobytes, and each change of an index', async () => {
    const { bill, ports } = metered();
    const record = waitingRecord('r1', {});
    await ports.records.create(record);
    const size = bill.unitsOf('records', 'write unit');
    expect(size).toBeGreaterThanOrEqual(1);
    expect(bill.unitsOf('indexes', 'write unit')).toBe(1);
    // It leaves the backlog: one index changes.
    const claimed = await ports.records.move(claim(releaseOf(record), { released_at: 1 }, 2));
    expect(bill.unitsOf('indexes', 'write unit')).toBe(2);
    if (!claimed.applied) throw new Error('Not claimed');
    await ports.records.move(claim(releaseOf(record), { released_at: 1 }, 2));
    // What is refused is billed too, and changes no index.
    expect(bill.unitsOf('indexes', 'write unit')).toBe(2);
    expect(bill.unitsOf('records', 'write unit')).toBeGreaterThanOrEqual(2 * size + 1);
    expect(requestIn(claimed.record).status).toBe('IN_PROGRESS');
  });

  it('counts a large payload as a request to S3, a small one by units, and messages by tens', async () => {
    const { bill, ports } = metered(20_000);
    await ports.payloads.put('k', 'x');
    await ports.payloads.get('k');
    const message = { v: 1 as const, lane: LANE, released_at: 1, releases: [] };
    await ports.hold.send(Array.from({ length: 11 }, () => message));
    expect(bill.unitsOf('payloads', 'object put')).toBe(1);
    expect(bill.unitsOf('payloads', 'object get')).toBe(1);
    const small = metered(5_000);
    await small.ports.payloads.put('k', 'x');
    await small.ports.payloads.get('k');
    expect(small.bill.unitsOf('payloads', 'write unit')).toBe(3.5);
    expect(small.bill.unitsOf('payloads', 'read unit')).toBe(1);
    expect(bill.unitsOf('queues', 'queue request')).toBe(2);
  });

  it('counts a large answer as an object that is stored and read, and a small one by the record that keeps it', async () => {
    const billOf = async (outputBytes: number) => {
      const { bill, ports } = metered(2_000, outputBytes);
      const record = waitingRecord('r1', {});
      await ports.records.create(record);
      const claimed = await ports.records.move(claim(releaseOf(record), { released_at: 1 }, 2));
      const before = bill.unitsOf('records', 'write unit');
      const ending = { status: 'COMPLETED', output: { body: {} }, startedAt: 3, finishedAt: 4 } as const;
      await ports.records.move(end(requestIn(claimed.record), ending));
      return {
        written: bill.unitsOf('records', 'write unit') - before,
        objects: [bill.unitsOf('payloads', 'object put'), bill.unitsOf('payloads', 'object get')],
      };
    };
    expect(await billOf(300_000)).toEqual({ written: 1, objects: [1, 1] });
    expect(await billOf(8_000)).toEqual({ written: 9, objects: [0, 0] });
  });

  it('counts 64 KB of messages as a request to SQS', async () => {
    expect([0, 65_536, 65_537, 1_000_000].map(queueRequestsOf)).toEqual([1, 1, 2, 16]);
    const { bill, ports } = metered();
    const release = { request_id: 'r'.repeat(200), generation: 1 };
    const releases = Array.from({ length: 40 }, () => release);
    const message = { v: 1 as const, lane: LANE, released_at: 1, releases };
    await ports.hold.send(Array.from({ length: 10 }, () => message));
    expect(bill.unitsOf('queues', 'queue request')).toBe(2);
  });

  it('counts reads by four kilobytes, and half where they may lag', async () => {
    const { bill, ports } = metered();
    await ports.backlog.heads('nobody', 10);
    expect(bill.unitsOf('reading the backlog', 'read unit')).toBe(0.5);
    await ports.directory.list(LANE);
    expect(bill.unitsOf('reading the backlog', 'read unit')).toBe(1.5);
    await ports.directory.adoptEarlier(LANE);
    expect(bill.unitsOf('reading the backlog', 'read unit')).toBe(4.5);
  });

  it('adds up to the price list', () => {
    const bill = new Bill();
    bill.add('records', 'write unit', 1_000_000);
    bill.add('payloads', 'object put', 1_000_000);
    expect(bill.usd).toBeCloseTo(5.625);
    expect(bill.lines.map(([purpose]) => purpose)).toEqual(['payloads', 'records']);
  });
});
