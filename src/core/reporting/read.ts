import { concurrently } from '../concurrently.ts';
import type { ReportRow, ReportRows, RowKey } from './ports.ts';
import { minuteOf, partsBelow } from './rows.ts';
import { quantileOf } from './sketch.ts';

const MINUTE_MS = 60_000;
const CONCURRENT_READS = 50;

export interface Percentiles {
  /** Milliseconds; absent of nothing. Within the sketch's relative error. */
  p50?: number;
  p95?: number;
  p99?: number;
}

/** Rows merged: of a lane, a priority, a tenant, or all of them. */
export interface ReportSummary {
  /** All counters but the sketches', by name (docs/reporting.md). */
  counters: Record<string, number>;
  cost_usd: number;
  /** Tokens not reserved because the smoother chose max tokens, less what reruns were charged. */
  won_back_tokens: number;
  wait_ms: Percentiles;
  latency_ms: Percentiles;
}

/**
 * The minutes that begin in a time range, e.g. `2026-11-22T19:40Z`. Epoch milliseconds, `to` excluded: ranges that follow each other
 * have no minute in common.
 */
export function minutesIn(from: number, to: number): string[] {
  const minutes: string[] = [];
  for (let at = Math.ceil(from / MINUTE_MS) * MINUTE_MS; at < to; at += MINUTE_MS) minutes.push(minuteOf(at));
  return minutes;
}

/** Reads a lane's rows of these minutes: one query for each, and eight more for each full row. */
export async function readRows(
  rows: Pick<ReportRows, 'rows'>,
  lane: string,
  from: number,
  to: number,
): Promise<ReportRow[]> {
  const found: ReportRow[][] = [];
  let open = minutesIn(from, to).map((minute) => ({ minute, part: '' }));
  while (open.length > 0) {
    const below: typeof open = [];
    await concurrently(open, CONCURRENT_READS, async ({ minute, part }) => {
      const read = await rows.rows(lane, minute, part);
      found.push(read);
      const full = read.filter(({ isFull }) => isFull).map(({ key }) => key);
      for (const next of new Set(full.flatMap(partsBelow))) below.push({ minute, part: next });
    });
    open = below;
  }
  return found.flat();
}

/** Merges rows by a part of their key. */
export function summarise(
  rows: readonly ReportRow[],
  by: (key: RowKey) => string,
): Map<string, ReportSummary> {
  const sums = new Map<string, Record<string, number>>();
  for (const { key, counters } of rows) {
    const name = by(key);
    const sum = sums.get(name) ?? {};
    for (const [counter, count] of Object.entries(counters)) sum[counter] = (sum[counter] ?? 0) + count;
    sums.set(name, sum);
  }
  return new Map([...sums].map(([name, sum]) => [name, summaryOf(sum)]));
}

function summaryOf(sum: Record<string, number>): ReportSummary {
  const counters = Object.entries(sum).filter(([name]) => sketchPart(name) === undefined);
  return {
    counters: Object.fromEntries(counters),
    cost_usd: (sum.cost_nano_usd ?? 0) / 1e9,
    won_back_tokens: (sum.unreserved_tokens ?? 0) - (sum.rerun_tokens ?? 0),
    wait_ms: percentilesOf(sum, 'wait'),
    latency_ms: percentilesOf(sum, 'latency'),
  };
}

function percentilesOf(sum: Record<string, number>, sketch: string): Percentiles {
  const buckets = new Map<number, number>();
  for (const [name, count] of Object.entries(sum)) {
    const part = sketchPart(name);
    if (part?.sketch === sketch) buckets.set(part.bucket, count);
  }
  return { p50: quantileOf(buckets, 0.5), p95: quantileOf(buckets, 0.95), p99: quantileOf(buckets, 0.99) };
}

/** `wait_42` → bucket 42 of the sketch of waits. */
function sketchPart(name: string): { sketch: string; bucket: number } | undefined {
  const [, sketch, bucket] = /^(wait|latency)_(\d+)$/.exec(name) ?? [];
  return sketch === undefined ? undefined : { sketch, bucket: Number(bucket) };
}
