/**
 * Changes that reporting has failed on are counted from the records themselves: each says when it was accepted and how it
 * ended, and a change that has been counted is never counted again, from whatever source it comes.
 */

import { allChangesOf, type Change } from '../reporting/change.ts';
import { countChanges } from '../reporting/count.ts';
import type { ReportRows } from '../reporting/ports.ts';
import { isObject, parseJson } from '../request/json.ts';
import { NotCountedError, UnknownDeadLetterError } from './errors.ts';
import type { ChangedRecords, HeldMessage, Interval } from './ports.ts';

/** A change has its own time, the stream that of the write after it: at most a function's longest run later, and clocks differ. */
const MARGIN_MS = 16 * 60_000;
/** Changes counted at once. */
const CHANGES_AT_ONCE = 1_000;

/**
 * When the changes happened that a dead letter represents.
 * @throws {UnknownDeadLetterError}
 */
export function intervalOf({ id, body }: HeldMessage): Interval {
  const message = parseJson(body);
  const batch = isObject(message) ? message.DDBStreamBatchInfo : undefined;
  const { approximateArrivalOfFirstRecord: first, approximateArrivalOfLastRecord: last } = isObject(batch)
    ? batch
    : {};
  const [from, to] = [Date.parse(String(first)), Date.parse(String(last))];
  if (Number.isNaN(from) || Number.isNaN(to)) throw new UnknownDeadLetterError(id);
  return { from: from - MARGIN_MS, to: to + MARGIN_MS };
}

/**
 * Counts all changes of these times that have not been counted. Returns how many changes were looked at.
 * @throws {NotCountedError} after all others were counted
 */
export async function recount(
  rows: ReportRows,
  records: ChangedRecords,
  intervals: readonly Interval[],
): Promise<number> {
  const from = intervals.reduce((earliest, it) => Math.min(earliest, it.from), Number.POSITIVE_INFINITY);
  const to = intervals.reduce((latest, it) => Math.max(latest, it.to), 0);
  const failures: { requestId: string; error: unknown }[] = [];
  const open: (Change & { requestId: string })[] = [];
  let looked = 0;
  const count = async () => {
    for (const { changes, error } of await countChanges(rows, open.splice(0))) {
      if (error !== undefined) failures.push(...changes.map(({ requestId }) => ({ requestId, error })));
    }
  };
  for await (const record of records.changed({ from, to })) {
    for (const change of allChangesOf(record)) {
      if (!intervals.some((it) => it.from <= change.at && change.at <= it.to)) continue;
      looked += 1;
      open.push({ ...change, requestId: record.request_id });
    }
    if (open.length >= CHANGES_AT_ONCE) await count();
  }
  await count();
  const [first] = failures;
  if (first) throw new NotCountedError(failures.length, first.requestId, { cause: first.error });
  return looked;
}
