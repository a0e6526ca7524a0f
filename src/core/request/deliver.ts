import type { Records } from './ports.ts';
import { RECORD_ONLY, type StoredRecord } from './record.ts';
import { type Results, ResultsQueueError, resultOf } from './result.ts';
import { markSent, postpone } from './transitions.ts';

export interface DeliveryPorts {
  records: Pick<Records, 'move'>;
  results: Results;
  clock: { now(): number };
  log(event: string, fields: Record<string, unknown>): void;
}

/** A result whose queue is gone is tried again after this long: the queue may come back. */
const UNDELIVERABLE_RETRY_MS = 300_000;

/**
 * Sends the result of a committed outcome where its producer wants it, and marks it as sent; does nothing when no result
 * is owed. Always from the committed record, so that a result that is sent twice is the same one.
 * @param leased the lease of its bundle says that the result is owed: its end is the mark
 */
export async function deliver(
  ports: DeliveryPorts,
  record: StoredRecord,
  { leased = false }: { leased?: boolean } = {},
): Promise<void> {
  const { records, results, clock, log } = ports;
  const { request_id, generation, results: destination } = record;
  if (record.due_key === undefined && !leased) return;
  if (destination !== RECORD_ONLY) {
    try {
      await results.send(resultOf(record), destination);
    } catch (error) {
      if (!(error instanceof ResultsQueueError)) throw error;
      log('result.undeliverable', { request_id, generation, queue: destination });
      await records.move(postpone(record, clock.now() + UNDELIVERABLE_RETRY_MS));
      return;
    }
    log('result.sent', { request_id, generation });
  }
  if (!leased) await records.move(markSent(record, clock.now()));
}
