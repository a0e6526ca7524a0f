/** How rows are keyed, and what is kept of them. Columns: docs/reporting.md. */
import { createHash } from 'node:crypto';
import type { RowKey } from './ports.ts';

/**
 * One row is one item: writes to it wait for each other, and cost more the longer its list of counted changes. Eight
 * keep that list at a few thousand in the busiest minute, and a report still reads one partition a lane and minute.
 */
export const ROW_SHARDS = 8;
/** Rows expire after this long: a little more than a year, so that two Christmases compare. */
export const ROW_RETENTION_MS = 400 * 24 * 3_600_000;

/** By request: a change that is delivered again finds the row that it was counted in. */
export function shardOf(requestId: string): number {
  return (createHash('sha256').update(requestId).digest()[0] ?? 0) % ROW_SHARDS;
}

export function minuteOf(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 16)}Z`;
}

/** The key's two attributes in the Reporting table. */
export function attributesOfKey({ lane, minute, priority, tenant, shard }: RowKey): {
  report_id: string;
  row: string;
} {
  return { report_id: reportIdOf(lane, minute), row: `${priority}|${tenant}|${shard}` };
}

export function reportIdOf(lane: string, minute: string): string {
  return `${lane}|${minute}`;
}

/** Undoes {@link attributesOfKey}. */
export function keyOf(reportId: string, row: string): RowKey {
  const [lane = '', minute = ''] = reportId.split('|');
  const [priority, tenant = '', shard] = row.split('|');
  return { lane, minute, priority: Number(priority), tenant, shard: Number(shard) };
}

/** Epoch seconds. */
export function expiryOf({ minute }: RowKey): number {
  return Math.ceil((Date.parse(minute) + ROW_RETENTION_MS) / 1000);
}
