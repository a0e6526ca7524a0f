/** What reporting costs: what the virtual world has written is counted by the real code, in batches as Lambda makes them. */
import { createHash } from 'node:crypto';
import { reportBatch } from '../../core/reporting/batch.ts';
import { changesOf } from '../../core/reporting/change.ts';
import { rememberFullRows } from '../../core/reporting/full-rows.ts';
import type { ReportRows, RowKey } from '../../core/reporting/ports.ts';
import { attributesOfKey } from '../../core/reporting/rows.ts';
import type { StoredRecord } from '../../core/request/record.ts';
import { createReportRows } from '../../memory/reporting.ts';
import type { Bill } from './bill.ts';

/** A new table with on-demand capacity has so many partitions, and its stream a shard for each. */
const SHARDS = 4;
/** Changes are gathered for so long, or until there are so many (src/stack/triggers.ts). */
const WINDOW_MS = 5_000;
const MOST_CHANGES = 100;
/** Of a row without counters: the names of its attributes, and its time to live. */
const ROW_BYTES = 60;
/** A counter's sum, and the id of a change. */
const SUM_BYTES = 4;
const CHANGE_BYTES = 12;

export interface Image {
  record: StoredRecord;
  /** Epoch milliseconds of its write. */
  at: number;
}

/** Adds the units of the Reporting table to the bill. */
export async function countReports(
  images: readonly Image[],
  bill: Bill,
): Promise<{ runs: number; changes: number }> {
  const rows = meteredRows(bill);
  const reported = images.filter(({ record }) => changesOf(record).length > 0);
  let runs = 0;
  for (const shard of shardsOf(reported)) {
    const ofContainer = rememberFullRows(rows);
    for (const batch of batchesOf(shard)) {
      const changes = batch.map(({ record }, index) => ({
        sequenceNumber: String(index),
        read: () => record,
      }));
      await reportBatch(ofContainer, changes, () => undefined);
      runs += 1;
    }
  }
  return { runs, changes: reported.length };
}

function shardsOf(images: readonly Image[]): Image[][] {
  const shards = Array.from({ length: SHARDS }, (): Image[] => []);
  for (const image of images) {
    const [byte = 0] = createHash('md5').update(image.record.request_id).digest();
    shards[byte % SHARDS]?.push(image);
  }
  return shards;
}

function batchesOf(images: readonly Image[]): Image[][] {
  const batches: Image[][] = [];
  for (const image of images) {
    const batch = batches.at(-1);
    const fits = batch?.[0] && image.at - batch[0].at < WINDOW_MS && batch.length < MOST_CHANGES;
    if (fits) batch.push(image);
    else batches.push([image]);
  }
  return batches;
}

function meteredRows(bill: Bill): ReportRows {
  const rows = createReportRows();
  const sizes = new Map<string, { counters: Set<string>; changes: number }>();
  const sizeOf = (key: RowKey) => {
    const name = JSON.stringify(key);
    const size = sizes.get(name) ?? { counters: new Set<string>(), changes: 0 };
    sizes.set(name, size);
    return size;
  };
  const bytesOf = (key: RowKey) => {
    const { counters, changes } = sizeOf(key);
    const keys = Object.values(attributesOfKey(key)).join('').length;
    const sums = [...counters].reduce((sum, name) => sum + name.length + SUM_BYTES, 0);
    return ROW_BYTES + keys + sums + changes * CHANGE_BYTES;
  };
  return {
    ...rows,
    async add(key, addition) {
      const added = await rows.add(key, addition);
      if (added) {
        const size = sizeOf(key);
        for (const name of Object.keys(addition.counters)) size.counters.add(name);
        size.changes += addition.changes.length;
      }
      bill.add('reporting', 'write unit', Math.ceil(bytesOf(key) / 1_024));
      return added;
    },
    async counted(key) {
      bill.add('reporting', 'read unit', Math.ceil(bytesOf(key) / 4_096));
      return rows.counted(key);
    },
  };
}
