/** What reporting makes of changes that come several times and in another order. */

import { reportBatch } from '../../core/reporting/batch.ts';
import { changesOf } from '../../core/reporting/change.ts';
import { countChanges } from '../../core/reporting/count.ts';
import type { ReportRow } from '../../core/reporting/ports.ts';
import type { StoredRecord } from '../../core/request/record.ts';
import { createReportRows } from '../../memory/reporting.ts';
import type { Random } from '../simulation/random.ts';

const BATCH_SIZE = 100;
const DELIVERIES = 3;

/**
 * @param rows where the changes are counted
 * @returns how many changes came more than once, and whether the rows equal those of one clean pass in order
 */
export async function deliverShuffled(
  images: readonly StoredRecord[],
  random: Random,
  rows = createReportRows(),
): Promise<{ again: number; equal: boolean }> {
  const deliveries = shuffle(
    Array.from({ length: DELIVERIES }, () => images.map((record, index) => ({ record, index }))).flat(),
    random,
  );
  for (let first = 0; first < deliveries.length; first += BATCH_SIZE) {
    const batch = deliveries
      .slice(first, first + BATCH_SIZE)
      .map(({ record, index }) => ({ sequenceNumber: String(index), read: () => record }));
    await reportBatch(rows, batch, () => undefined);
  }
  const clean = createReportRows();
  await countChanges(clean, images.flatMap(changesOf));
  return { again: deliveries.length - images.length, equal: textOf(rows.all()) === textOf(clean.all()) };
}

function shuffle<T>(items: T[], random: Random): T[] {
  for (let last = items.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [items[last], items[other]] = [items[other] as T, items[last] as T];
  }
  return items;
}

function textOf(rows: readonly ReportRow[]): string {
  return JSON.stringify(
    rows.map(({ key, counters }) => JSON.stringify([key, Object.entries(counters).sort()])).sort(),
  );
}
