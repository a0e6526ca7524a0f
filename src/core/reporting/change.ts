import { createHash } from 'node:crypto';
import { unreservedTokens } from '../lane/unreserved.ts';
import { inputOf, isOutcome, isRequest, type RequestRecord, type StoredRecord } from '../request/record.ts';
import type { RowKey } from './ports.ts';
import { costOf } from './prices.ts';
import { digitsOf, minuteOf } from './rows.ts';
import { bucketOf } from './sketch.ts';

/** AWS asks for the part of requests beyond this when it is to raise a quota. */
const LARGE_INPUT_TOKENS = 25_000;

/** A change of a record that counts, and where and what. */
export interface Change {
  /** Epoch milliseconds. */
  at: number;
  /** Of (request_id, generation, status): the same for every delivery of the change. */
  id: string;
  key: Omit<RowKey, 'part' | 'shard'>;
  /** Its path through the rows of its key. */
  digits: string;
  counters: Record<string, number>;
}

/**
 * What a new image of a record adds to the report: its acceptance or its outcome. Nothing for what is on its way,
 * and for the mark that a result was sent, which comes after the outcome's own image.
 */
export function changesOf(record: StoredRecord): Change[] {
  if (record.result_sent) return [];
  // A request whose cancellation came before it begins CANCELLED. One that has waited was counted as accepted, and is not again.
  const isFirst = record.generation === 0 && (record.status === 'RECEIVED' || record.status === 'CANCELLED');
  return isFirst ? allChangesOf(record) : outcomeOf(record);
}

/** All that a record has added to the report by now. */
export function allChangesOf(record: StoredRecord): Change[] {
  return [...acceptanceOf(record), ...outcomeOf(record)];
}

function acceptanceOf(record: StoredRecord): Change[] {
  if (!isRequest(record)) return [];
  return [change({ ...record, status: 'RECEIVED', generation: 0 }, record.accepted_at, { accepted: 1 })];
}

function outcomeOf(record: StoredRecord): Change[] {
  if (record.finished_at === undefined || !isOutcome(record.status)) return [];
  const counters = isRequest(record) ? countersOfOutcome(record) : { rejected: 1 };
  return [change(record, record.finished_at, counters)];
}

/** The minute is the change's own, never the delivery's: delivered again, it meets the row that has counted it. */
function change(record: StoredRecord, at: number, counters: Change['counters']): Change {
  const { request_id, generation, status, lane, priority, tenant } = record;
  return {
    id: createHash('sha256').update(`${request_id}|${generation}|${status}`).digest('base64url').slice(0, 12),
    at,
    key: { lane, minute: minuteOf(at), priority, tenant },
    digits: digitsOf(request_id, at),
    counters,
  };
}

function countersOfOutcome(record: RequestRecord): Record<string, number> {
  const { usage, rerun, started_at, accepted_at, finished_at = 0 } = record;
  const counters: Record<string, number | undefined> = {
    [record.status.toLowerCase()]: 1,
    calls: record.attempts,
    throttles: record.throttles,
    failures: record.failures,
    reserved_tokens: record.reserved_tokens,
    charged_tokens: record.charged_tokens,
    unreserved_tokens: record.status === 'COMPLETED' ? unreservedTokens(record) : undefined,
    rerun_tokens: rerun?.charged_tokens,
    input_tokens: usage?.input_tokens,
    large_inputs: usage !== undefined && inputOf(usage) > LARGE_INPUT_TOKENS ? 1 : undefined,
    output_tokens: usage?.output_tokens,
    ...promiseOf(record),
    cache_read_tokens: usage?.cache_read_tokens,
    cache_write_tokens: usage?.cache_write_tokens,
  };
  // An answer that was thrown away for a rerun is on the bill all the same.
  const isAnswered = record.status === 'COMPLETED' || usage !== undefined;
  for (const paid of [...(isAnswered ? [usage] : []), ...(rerun ? [rerun.usage] : [])]) {
    const cost = paid && costOf(record.lane, paid);
    if (cost === undefined) counters.unpriced = (counters.unpriced ?? 0) + 1;
    else counters.cost_nano_usd = (counters.cost_nano_usd ?? 0) + cost;
  }
  if (started_at !== undefined) counters[`wait_${bucketOf(started_at - accepted_at)}`] = 1;
  if (started_at !== undefined && record.status === 'COMPLETED') {
    counters[`latency_${bucketOf(record.latency_ms ?? finished_at - started_at)}`] = 1;
  }
  return Object.fromEntries(Object.entries(counters).filter(([, count]) => count)) as Record<string, number>;
}

/**
 * Whether its call started by the time that was promised. A request that was called again says nothing: only its last start is known.
 * Nor does one that was taken back or refused before it could start.
 */
function promiseOf(record: RequestRecord): { promises?: number; promises_kept?: number } {
  const { promised_start_at: promised, started_at, finished_at = 0, status, failures, rerun } = record;
  const startedOrLate = started_at ?? (status === 'EXPIRED' ? finished_at : undefined);
  if (promised === undefined || startedOrLate === undefined || failures > 0 || rerun !== undefined) return {};
  // One that expired before that time might have started in time.
  if (started_at === undefined && startedOrLate <= promised) return {};
  return { promises: 1, promises_kept: startedOrLate <= promised ? 1 : 0 };
}
