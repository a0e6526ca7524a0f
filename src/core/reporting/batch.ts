import type { Log } from '../log.ts';
import type { StoredRecord } from '../request/record.ts';
import { type Change, changesOf } from './change.ts';
import { countChanges } from './count.ts';
import type { ReportRows } from './ports.ts';

export interface StreamChange {
  sequenceNumber: string;
  /** Reads the record's new image; absent in a deletion. */
  read?: () => StoredRecord;
}

/**
 * Counts a batch of the stream and returns the sequence numbers that could not be counted. Lambda delivers again from
 * the lowest of them; what has been counted by then is not counted twice.
 * @throws {AggregateError} when nothing could be counted, so that the function's own error count shows it.
 */
export async function reportBatch(rows: ReportRows, batch: StreamChange[], log: Log): Promise<string[]> {
  const changes: (Change & { sequenceNumber: string })[] = [];
  /** By sequence number: of an image that counts twice, both may fail. */
  const failures = new Map<string, unknown>();
  for (const { sequenceNumber, read } of batch) {
    try {
      for (const change of read ? changesOf(read()) : []) changes.push({ ...change, sequenceNumber });
    } catch (error) {
      failures.set(sequenceNumber, error);
    }
  }
  const groups = await countChanges(rows, changes);
  for (const { changes: uncounted, error } of groups) {
    if (error === undefined) continue;
    for (const { sequenceNumber } of uncounted) failures.set(sequenceNumber, error);
  }
  if (failures.size > 0 && failures.size === batch.length) {
    const errors = [...failures.values()];
    throw new AggregateError(
      errors,
      `None of ${batch.length} changes could be counted: ${String(errors[0])}`,
    );
  }
  log('report.counted', { records: batch.length, rows: groups.length, failed: failures.size });
  for (const [sequenceNumber, error] of failures) {
    log('report.failed', { sequenceNumber, error: error instanceof Error ? error.name : 'unknown' });
  }
  return [...failures.keys()];
}
