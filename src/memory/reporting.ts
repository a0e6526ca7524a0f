import type { ReportRow, ReportRows, RowKey } from '../core/reporting/ports.ts';
import { attributesOfKey, FULL_ROW, reportIdOf } from '../core/reporting/rows.ts';

interface Row extends Omit<ReportRow, 'isFull'> {
  counted: Set<string>;
}

/** The Reporting table in memory. `all` are its rows as they stand. */
export function createReportRows(): ReportRows & { all(): ReportRow[] } {
  const partitions = new Map<string, Map<string, Row>>();

  function partitionOf(key: RowKey): Map<string, Row> {
    const { report_id } = attributesOfKey(key);
    const partition = partitions.get(report_id) ?? new Map<string, Row>();
    partitions.set(report_id, partition);
    return partition;
  }

  return {
    all: () => [...partitions.values()].flatMap((partition) => [...partition.values()].map(rowOf)),
    async add(key, { counters, changes }) {
      const partition = partitionOf(key);
      const { row: name } = attributesOfKey(key);
      const row = partition.get(name) ?? { key, counters: {}, counted: new Set() };
      if (row.counted.size >= FULL_ROW || changes.some((change) => row.counted.has(change))) return false;
      for (const [counter, count] of Object.entries(counters)) {
        row.counters[counter] = (row.counters[counter] ?? 0) + count;
      }
      for (const change of changes) row.counted.add(change);
      partition.set(name, row);
      return true;
    },
    async counted(key) {
      return new Set(partitionOf(key).get(attributesOfKey(key).row)?.counted);
    },
    async rows(lane, minute, part) {
      return [...(partitions.get(reportIdOf(lane, minute, part))?.values() ?? [])].map(rowOf);
    },
  };
}

function rowOf({ key, counters, counted }: Row): ReportRow {
  return { key, counters: { ...counters }, ...(counted.size >= FULL_ROW && { isFull: true }) };
}
