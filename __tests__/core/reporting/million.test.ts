import { expect, it } from 'vitest';
import type { Change } from '../../../src/core/reporting/change.ts';
import { countChanges } from '../../../src/core/reporting/count.ts';
import { rememberFullRows } from '../../../src/core/reporting/full-rows.ts';
import type { ReportRows, RowKey } from '../../../src/core/reporting/ports.ts';
import { readRows, summarise } from '../../../src/core/reporting/read.ts';
import { attributesOfKey, digitsOf, FULL_ROW } from '../../../src/core/reporting/rows.ts';
import { createReportRows } from '../../../src/memory/reporting.ts';

const MINUTE = Date.parse('2026-11-22T19:40:00Z');
const KEY = { lane: 'lane', minute: '2026-11-22T19:40Z', priority: 3, tenant: 'busy' };
/** Shards of the stream, each with a reporting function of its own, and changes that one is given at a time. */
const STREAM_SHARDS = 40;
const BATCH = 100;
/** The minute's first seconds, in which its first rows fill up; the others are like them. */
const SECONDS = Number(process.env.REPORTING_SECONDS ?? 2);
/** DynamoDB takes as many write units a second of one partition key. */
const UNITS_PER_SECOND = 1_000;

/** A table that counts what DynamoDB would count, of refused writes too: units by partition key, and the largest item. */
function meteredRows() {
  const table = createReportRows();
  const sizes = new Map<string, number>();
  const units = new Map<string, number>();
  const meter = { second: 0, largest: 0, writes: 0, units: 0 };
  const rows: ReportRows = {
    ...table,
    async add(key: RowKey, addition) {
      const added = await table.add(key, addition);
      const { report_id, row } = attributesOfKey(key);
      const before = sizes.get(`${report_id}|${row}`) ?? 500;
      const size = added ? before + 13 * addition.changes.length : before;
      sizes.set(`${report_id}|${row}`, size);
      const cost = Math.ceil(size / 1024);
      const busy = `${report_id} ${meter.second}`;
      units.set(busy, (units.get(busy) ?? 0) + cost);
      meter.largest = Math.max(meter.largest, size);
      meter.writes += 1;
      meter.units += cost;
      return added;
    },
  };
  return { rows, meter, hottest: () => Math.max(...units.values()) };
}

function changeAt(index: number, at: number): Change {
  return {
    at,
    id: `change${index}`,
    key: KEY,
    digits: digitsOf(`r${index}`, at),
    counters: { accepted: 1 },
  };
}

it('a million changes a minute: rows stay small, no key is hot, and each is counted once', async () => {
  const PER_SECOND = 16_667;
  const { rows, meter, hottest } = meteredRows();
  const functions = Array.from({ length: STREAM_SHARDS }, () => rememberFullRows(rows));
  let count = 0;
  for (; meter.second < SECONDS; meter.second += 1) {
    const arrived = Array.from({ length: STREAM_SHARDS }, (): Change[] => []);
    for (let i = 0; i < PER_SECOND; i += 1, count += 1) {
      const at = MINUTE + meter.second * 1_000 + Math.floor((i * 1_000) / PER_SECOND);
      arrived[(count * 7) % STREAM_SHARDS]?.push(changeAt(count, at));
    }
    for (const [shard, changes] of arrived.entries()) {
      const reporting = functions[shard] as ReportRows;
      for (let from = 0; from < changes.length; from += BATCH) {
        const batch = changes.slice(from, from + BATCH);
        for (const { error } of await countChanges(reporting, batch)) expect(error).toBeUndefined();
        // Every tenth batch is delivered again.
        if ((from / BATCH) % 10 === 0) await countChanges(reporting, batch);
      }
    }
  }
  const read = await readRows(rows, KEY.lane, MINUTE, MINUTE + 60_000);
  const total = summarise(read, ({ tenant }) => tenant).get('busy')?.counters.accepted;
  console.info(
    `${count} changes in ${read.length} rows by ${meter.writes} writes of ${meter.units} units; largest row ` +
      `${meter.largest} bytes, busiest key ${hottest()} units a second`,
  );
  expect(total).toBe(count);
  expect(meter.largest).toBeLessThan(500 + 13 * (FULL_ROW + 50));
  expect(hottest()).toBeLessThan(UNITS_PER_SECOND);
}, 600_000);
