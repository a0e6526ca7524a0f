/**
 * How an invocation reports one call to its lane: a flat set of counters, added atomically to the slot of the
 * call's release. Counters only ever give capacity back early; a lost report costs a minute of its reservation.
 */

import type { Priority } from '../request/record.ts';

/** Width of a slot of releases. */
export const SLOT_MS = 500;
/** Starts are counted by their place after the slot's begin, this finely: how exactly the ledger knows them. */
export const START_BIN_MS = 100;
/** What a call was charged beyond its reservation is counted by the call's end, this finely. */
export const DEBT_BIN_MS = 250;

export function slotOf(releasedAt: number): number {
  return Math.floor(releasedAt / SLOT_MS);
}

/** What became of one release. */
export type CallEnd =
  | 'settled'
  /** Not started: too late, or without a payload to be read. A release whose record has moved on is not reported. */
  | 'not_started'
  | 'throttled'
  | 'throttled_daily'
  | 'transient'
  | 'invalid'
  | 'denied';

export interface CallReport {
  end: CallEnd;
  releasedAt: number;
  /** Epoch milliseconds when Bedrock counted the call, at the latest; absent if it was not sent. */
  startedAt?: number;
  finishedAt: number;
  reservedTokens: number;
  /**
   * Charged by Bedrock in the end, burndown included. 0 for a call that was refused; the reservation where it is not
   * known (the call was cut off or timed out).
   */
  chargedTokens: number;
  /** For learning, of settled calls: what was estimated and what it was. */
  estimatedInputTokens: number;
  inputTokens: number;
  outputTokens: number;
  /** Who was served, and the charge that the release expected: what it was more or less is made good. */
  served?: { priority: Priority; tenant: string; expectedTokens: number };
  /** The answer was cut by max tokens: it would have been at least this long. */
  truncated?: boolean;
  task?: string;
  /** Tokens not reserved because the smoother chose max tokens; of an answer that is run again, minus its charge. */
  wonBackTokens?: number;
}

/** Counters of a bundle whose last release has ended: its worker is free. Added to the slot of its release. */
export const BUNDLE_ENDED: Record<string, number> = { bundles_ended: 1 };

export function countersOf(report: CallReport): Record<string, number> {
  const slotBegin = slotOf(report.releasedAt) * SLOT_MS;
  const counters: Record<string, number> = {
    ended: 1,
    [report.end]: 1,
    reserved: report.reservedTokens,
    charged: report.chargedTokens,
  };
  if (report.served !== undefined) {
    const { priority, tenant, expectedTokens } = report.served;
    counters[`owed.${priority}.${tenant}`] = report.chargedTokens - expectedTokens;
  }
  if (report.startedAt !== undefined) {
    const bin = binOf(report.startedAt - slotBegin, START_BIN_MS);
    const debt = Math.max(0, report.chargedTokens - report.reservedTokens);
    counters.started = 1;
    counters.start_delay_ms = Math.max(0, report.startedAt - report.releasedAt);
    counters.duration_ms = report.finishedAt - report.startedAt;
    counters[`start.${bin}`] = 1;
    counters[`charged.${bin}`] = report.chargedTokens - debt;
    if (debt > 0) counters[`debt.${binOf(report.finishedAt - slotBegin, DEBT_BIN_MS)}`] = debt;
  }
  if (report.end === 'settled') {
    counters.estimated_input = report.estimatedInputTokens;
    counters.input = report.inputTokens;
    counters.input_error_squared = (report.inputTokens - report.estimatedInputTokens) ** 2;
    counters.output = report.outputTokens;
    if (report.wonBackTokens) counters.won_back = report.wonBackTokens;
    const kind = report.truncated ? 'cut' : 'out';
    const bucket = sizeBucketOf(report.outputTokens);
    counters[`${kind}.${bucket}`] = 1;
    if (report.task !== undefined) counters[`${kind}.${bucket}.${report.task}`] = 1;
  }
  return counters;
}

/** Sizes are counted in buckets that grow by a fifth: bucket b holds sizes up to {@link sizeOfBucket}(b). */
const BUCKET_GROWTH = 1.2;

export function sizeBucketOf(tokens: number): number {
  return tokens <= 1 ? 0 : Math.ceil(Math.log(tokens) / Math.log(BUCKET_GROWTH) - 1e-9);
}

export function sizeOfBucket(bucket: number): number {
  return Math.ceil(BUCKET_GROWTH ** bucket);
}

/** Counters of one kind by their bin: `start.3: 2` → [3, 2]. Names with a further part are left out. */
export function binsOf(counters: Record<string, number>, kind: string): [bin: number, count: number][] {
  const bins: [number, number][] = [];
  for (const [name, count] of Object.entries(counters)) {
    if (!name.startsWith(`${kind}.`)) continue;
    const bin = name.slice(kind.length + 1);
    if (!bin.includes('.')) bins.push([Number(bin), count]);
  }
  return bins;
}

/** What priorities and tenants were charged beyond what their releases expected: see `owed` above. */
export function owedOf(
  counters: Record<string, number>,
): { priority: Priority; tenant: string; tokens: number }[] {
  return Object.entries(counters).flatMap(([name, tokens]) => {
    const [, priority, tenant] = /^owed\.(\d)\.(.*)$/s.exec(name) ?? [];
    return tenant === undefined ? [] : [{ priority: Number(priority) as Priority, tenant, tokens }];
  });
}

/** Clocks of two machines may differ by a little: a start never counts as before its slot. */
function binOf(offsetMs: number, widthMs: number): number {
  return Math.max(0, Math.floor(offsetMs / widthMs));
}
