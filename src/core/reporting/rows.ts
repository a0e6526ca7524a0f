/**
 * How rows are keyed, and what is kept of them. Columns: docs/reporting.md.
 *
 * A row remembers the changes that it has counted, so it must not grow without end: an item holds 400 KB, and each write
 * pays for all of it. A full row stays as it is, and each later change goes to one of eight rows below it, which a digit
 * of the change names. So a change has one path of rows, on which it is counted exactly once, in a row that was not yet
 * full when it came.
 */
import { createHash } from 'node:crypto';
import type { RowKey } from './ports.ts';

/** Rows below one. */
const ROWS_BELOW = 8;
/** A row with so many changes is full. It holds a write's more at most: 3 KB. */
export const FULL_ROW = 200;
/** Rows expire after this long: a little more than a year, so that two Christmases compare. */
export const ROW_RETENTION_MS = 400 * 24 * 3_600_000;
/** Digits that tell a change's time within its minute, to 117 ms. */
const TIME_DIGITS = 3;
const MINUTE_MS = 60_000;

/**
 * The path of a change, the same whenever it is delivered: from the one first row by its time, then by its request. Changes that are
 * delivered together happened together, so they mostly meet in few rows and share their writes.
 */
export function digitsOf(requestId: string, at: number): string {
  const others = [...createHash('sha256').update(requestId).digest().subarray(0, 8)].map(
    (byte) => byte % ROWS_BELOW,
  );
  const slot = Math.floor(((at % MINUTE_MS) * ROWS_BELOW ** TIME_DIGITS) / MINUTE_MS);
  return [0, slot.toString(ROWS_BELOW).padStart(TIME_DIGITS, '0'), ...others].join('');
}

export function minuteOf(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 16)}Z`;
}

/** The row at this depth of a change's path. */
export function rowAt(key: Omit<RowKey, 'part' | 'shard'>, digits: string, depth: number): RowKey {
  return { ...key, part: depth === 0 ? '' : digits.slice(0, depth + 1), shard: Number(digits[depth]) };
}

/** The parts that hold the rows below one. */
export function partsBelow({ part, shard }: Pick<RowKey, 'part' | 'shard'>): string[] {
  const path = part || String(shard);
  return Array.from({ length: ROWS_BELOW }, (_, digit) => `${path}${digit}`);
}

/** The key's two attributes in the Reporting table. */
export function attributesOfKey({ lane, minute, part, priority, tenant, shard }: RowKey): {
  report_id: string;
  row: string;
} {
  return { report_id: reportIdOf(lane, minute, part), row: `${priority}|${tenant}|${shard}` };
}

export function reportIdOf(lane: string, minute: string, part = ''): string {
  return part === '' ? `${lane}|${minute}` : `${lane}|${minute}|${part}`;
}

/** Undoes {@link attributesOfKey}. */
export function keyOf(reportId: string, row: string): RowKey {
  const [lane = '', minute = '', part = ''] = reportId.split('|');
  const [priority, tenant = '', shard] = row.split('|');
  return { lane, minute, part, priority: Number(priority), tenant, shard: Number(shard) };
}

/** Epoch seconds. */
export function expiryOf({ minute }: RowKey): number {
  return Math.ceil((Date.parse(minute) + ROW_RETENTION_MS) / 1000);
}
