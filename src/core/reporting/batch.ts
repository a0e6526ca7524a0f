import type { Log } from '../log.ts';
import type { StoredRecord } from '../request/record.ts';
import { type Change, changeOf } from './change.ts';
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
  const failures: { sequenceNumber: string; error: unknown }[] = [];
  for (const { sequenceNumber, read } of batch) {
    try {
      const change = read && changeOf(read());
      if (change) changes.push({ ...change, sequenceNumber });
    } catch (error) {
      failures.push({ sequenceNumber, error });
    }
  }
  const groups = await countChanges(rows, changes);
  for (const { changes: uncounted, error } of groups) {
    if (error !== undefined)
      failures.push(...uncounted.map(({ sequenceNumber }) => ({ sequenceNumber, error })));
  }
  if (failures.length > 0 && failures.length === batch.length) {
    throw new AggregateError(
      failures.map(({ error }) => error),
      `None of ${batch.length} changes could be counted: ${String(failures[0]?.error)}`,
    );
  }
  log('report.counted', { records: batch.length, rows: groups.length, failed: failures.length });
  for (const { sequenceNumber, error } of failures) {
    log('report.failed', { sequenceNumber, error: error instanceof Error ? error.name : 'unknown' });
  }
  return failures.map(({ sequenceNumber }) => sequenceNumber);
}
