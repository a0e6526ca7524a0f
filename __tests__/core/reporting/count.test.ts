import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reportBatch, type StreamChange } from '../../../src/core/reporting/batch.ts';
import type { ReportRow, ReportRows } from '../../../src/core/reporting/ports.ts';
import { readRows, summarise } from '../../../src/core/reporting/read.ts';
import { attributesOfKey } from '../../../src/core/reporting/rows.ts';
import type { RequestRecord } from '../../../src/core/request/record.ts';
import { createReportRows } from '../../../src/memory/reporting.ts';
import { LANE } from '../../fixtures/invocation-world.ts';
import { lifeOf, lives } from '../../fixtures/lives.ts';

const quiet = () => undefined;

function batchOf(images: RequestRecord[]): StreamChange[] {
  return images.map((image, i) => ({ sequenceNumber: `${i}`, read: () => image }));
}

function sorted(rows: ReportRow[]): ReportRow[] {
  const nameOf = ({ key }: ReportRow) => Object.values(attributesOfKey(key)).join('|');
  return rows.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

async function cleanPass(images: RequestRecord[]): Promise<ReportRow[]> {
  const rows = createReportRows();
  await reportBatch(rows, batchOf(images), quiet);
  return sorted(rows.all());
}

/** Images in any order, some twice or more, cut into batches anywhere. */
const deliveries = lives.chain((images) =>
  fc
    .tuple(
      fc.shuffledSubarray(images, { minLength: images.length }),
      fc.array(fc.constantFrom(...images), { maxLength: 40 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 10 }),
    )
    .map(([all, again, sizes]) => {
      const queue = [...all, ...again];
      const batches: RequestRecord[][] = [];
      for (let i = 0; queue.length > 0; i++) batches.push(queue.splice(0, sizes[i % sizes.length]));
      return { images, batches };
    }),
);

/** A table whose answers get lost: every write of a number in `lost` takes effect and then fails. */
function losing(rows: ReportRows, lost: ReadonlySet<number>): ReportRows {
  let writes = 0;
  return {
    ...rows,
    add: async (key, addition) => {
      const added = await rows.add(key, addition);
      if (lost.has(writes++)) throw new Error('answer lost');
      return added;
    },
  };
}

describe('rows are those of one clean pass', () => {
  it('however the stream repeats, reorders and cuts, with batches at work side by side', async () => {
    await fc.assert(
      fc.asyncProperty(deliveries, fc.scheduler(), async ({ images, batches }, scheduler) => {
        const table = createReportRows();
        const rows: ReportRows = {
          ...table,
          add: scheduler.scheduleFunction(table.add),
          counted: scheduler.scheduleFunction(table.counted),
        };
        const work = batches.map((batch) => reportBatch(rows, batchOf(batch), quiet));
        await scheduler.waitFor(Promise.all(work));
        expect(sorted(table.all())).toEqual(await cleanPass(images));
      }),
      { numRuns: 60 },
    );
  });

  it('however many answers are lost, once what failed is delivered again', async () => {
    await fc.assert(
      fc.asyncProperty(lives, fc.uniqueArray(fc.nat(30)), async (images, lost) => {
        const table = createReportRows();
        const rows = losing(table, new Set(lost));
        let batch = batchOf(images);
        for (let attempt = 0; batch.length > 0; attempt++) {
          if (attempt > lost.length) throw new Error('still failing');
          const failed = await reportBatch(rows, batch, quiet).catch(() =>
            batch.map((it) => it.sequenceNumber),
          );
          const lowest = Math.min(...failed.map(Number));
          // As Lambda does: everything from the lowest failure on, counted or not.
          batch = failed.length === 0 ? [] : batch.filter((it) => Number(it.sequenceNumber) >= lowest);
        }
        expect(sorted(table.all())).toEqual(await cleanPass(images));
      }),
      { numRuns: 60 },
    );
  });

  it('in the rows below those that are full, with overlapping batches side by side and answers lost', async () => {
    const images = Array.from({ length: 2_500 }, (_, i) => lifeOf(`r${i}`)[0] as RequestRecord);
    const table = createReportRows();
    const rows = losing(table, new Set(Array.from({ length: 40 }, (_, i) => i * 7)));
    const batches = [0, 400, 800, 1_200, 1_600, 2_000].map((from) => images.slice(from, from + 700));
    await Promise.allSettled(batches.map((batch) => reportBatch(rows, batchOf(batch), quiet)));
    expect(await reportBatch(table, batchOf(images), quiet)).toEqual([]);
    const { lane, accepted_at } = images[0] as RequestRecord;
    const found = await readRows(table, lane, accepted_at - 60_000, accepted_at + 1);
    expect(found.filter(({ isFull }) => isFull).length).toBeGreaterThanOrEqual(8);
    expect(summarise(found, () => 'all').get('all')?.counters.accepted).toBe(2_500);
  });

  it('control: a table that forgets what it has counted counts twice', async () => {
    const images = lifeOf('r1');
    const table = createReportRows();
    const forgetful: ReportRows = {
      ...table,
      add: (key, { counters }) => table.add(key, { counters, changes: [] }),
    };
    await reportBatch(forgetful, batchOf(images), quiet);
    await reportBatch(forgetful, batchOf(images), quiet);
    expect(sorted(table.all())).not.toEqual(await cleanPass(images));
  });
});

describe('a batch', () => {
  it('reports by sequence number what it could not count, and counts the rest', async () => {
    const [accepted] = lifeOf('r1');
    const table = createReportRows();
    const broken: StreamChange = {
      sequenceNumber: 'bad',
      read: () => {
        throw new SyntaxError('not a record');
      },
    };
    const batch = [...batchOf([accepted as RequestRecord]), broken, { sequenceNumber: 'deleted' }];
    expect(await reportBatch(table, batch, quiet)).toEqual(['bad']);
    expect(table.all()).toMatchObject([{ counters: { accepted: 1 } }]);
  });

  it('fails as a whole when nothing could be counted', async () => {
    const table: ReportRows = { ...createReportRows(), add: () => Promise.reject(new Error('table down')) };
    const [accepted] = lifeOf('r1');
    await expect(reportBatch(table, batchOf([accepted as RequestRecord]), quiet)).rejects.toThrow(
      'table down',
    );
  });

  it('of a busy minute is written in few, bounded writes', async () => {
    const table = createReportRows();
    const sizes: number[] = [];
    const rows: ReportRows = {
      ...table,
      add: (key, addition) => {
        sizes.push(addition.changes.length);
        return table.add(key, addition);
      },
    };
    const images = Array.from({ length: 1_000 }, (_, i) => lifeOf(`r${i}`)[0] as RequestRecord);
    await reportBatch(rows, batchOf(images), quiet);
    expect(sizes.reduce((a, b) => a + b, 0)).toBe(1_000);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(50);
    expect(sizes.length).toBeLessThanOrEqual(8 * 4);
  });
});

it('rows of a time range merge by tenant, percentiles and cost included', async () => {
  const table = createReportRows();
  const start = Date.parse('2026-11-22T19:40:00Z');
  const images = [
    ...Array.from({ length: 99 }, (_, i) =>
      lifeOf(`a${i}`, { tenant: 'acme', accepted_at: start }, 1_000),
    ).flat(),
    ...lifeOf('a99', { tenant: 'acme', accepted_at: start }, 50_000),
    ...lifeOf('g', { tenant: 'globex', accepted_at: start }, 100),
    ...lifeOf('later', { tenant: 'acme', accepted_at: start + 600_000 }, 100),
  ];
  await reportBatch(table, batchOf(images), quiet);
  const summary = summarise(await readRows(table, LANE, start, start + 120_000), ({ tenant }) => tenant);
  expect(summary.get('globex')?.counters).toMatchObject({ accepted: 1, completed: 1 });
  const acme = summary.get('acme');
  expect(acme?.counters).toMatchObject({ accepted: 100, completed: 100, calls: 200, throttles: 100 });
  expect(acme?.counters.wait_0).toBeUndefined();
  expect(acme?.cost_usd).toBeCloseTo(100 * 350 * 1.1e-6, 9);
  expect(Math.abs((acme?.wait_ms.p50 ?? 0) - 1_000)).toBeLessThanOrEqual(50);
  expect(Math.abs((acme?.wait_ms.p99 ?? 0) - 1_000)).toBeLessThanOrEqual(50);
  expect(acme?.latency_ms.p50).toBeGreaterThan(1_800);
});

it('an image of which both changes fail is delivered again once', async () => {
  const [waiting = expect.fail()] = lifeOf('early');
  const early: RequestRecord = { ...waiting, status: 'CANCELLED', finished_at: waiting.accepted_at + 60_000 };
  const table = createReportRows();
  const failing: ReportRows = {
    ...table,
    add: async (key, addition) => {
      if (key.tenant === early.tenant) throw new Error('down');
      return table.add(key, addition);
    },
  };
  const [other = expect.fail()] = lifeOf('other', { tenant: 'globex' });
  expect(await reportBatch(failing, batchOf([early, other]), quiet)).toEqual(['0']);
});
