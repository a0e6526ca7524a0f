import type { ReportRow, ReportRows, RowKey } from '../core/reporting/ports.ts';
import { attributesOfKey } from '../core/reporting/rows.ts';

interface Row extends ReportRow {
  counted: Set<string>;
}

/** The Reporting table in memory. `all` are its rows as they stand. */
export function createReportRows(): ReportRows & { all(): ReportRow[] } {
  const rows = new Map<string, Row>();
  const idOf = (key: RowKey) => Object.values(attributesOfKey(key)).join('|');
  const all = () => [...rows.values()].map(({ key, counters }) => ({ key, counters: { ...counters } }));
  return {
    all,
    async add(key, { counters, changes }) {
      const row = rows.get(idOf(key)) ?? { key, counters: {}, counted: new Set() };
      if (changes.some((change) => row.counted.has(change))) return false;
      for (const [name, count] of Object.entries(counters))
        row.counters[name] = (row.counters[name] ?? 0) + count;
      for (const change of changes) row.counted.add(change);
      rows.set(idOf(key), row);
      return true;
    },
    async counted(key) {
      return new Set(rows.get(idOf(key))?.counted);
    },
    async rows(lane, minute) {
      return all().filter(({ key }) => key.lane === lane && key.minute === minute);
    },
  };
}
