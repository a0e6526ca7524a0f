import type { Records } from '../request/ports.ts';
import type { RequestRecord, StoredRecord } from '../request/record.ts';

/** A message that was received and is hidden from others for a while. */
export interface HeldMessage {
  id: string;
  body: string;
  /** Epoch milliseconds. */
  sentAt: number;
  handle: string;
}

export interface DeadLetterQueue {
  /** Up to ten messages, hidden from others until they are deleted or given back; none when there are no more. */
  receive(): Promise<HeldMessage[]>;
  delete(message: HeldMessage): Promise<void>;
  /** Shows the messages to others again. */
  giveBack(messages: readonly HeldMessage[]): Promise<void>;
}

/** Where a dead letter came from, or requests go to. */
export interface TargetQueue {
  send(body: string): Promise<void>;
}

export interface FailedRequests extends Pick<Records, 'read'> {
  /** Every request that ended FAILED: reads the whole table. */
  list(): AsyncIterable<RequestRecord>;
  /** Deletes the record of a request that ended FAILED and whose result was sent; false when it is none such. */
  delete(requestId: string): Promise<boolean>;
}

/** Epoch milliseconds. */
export interface Interval {
  from: number;
  to: number;
}

export interface ChangedRecords {
  /** Every request that was accepted or ended in the interval, its ends included: reads the whole table. */
  changed(interval: Interval): AsyncIterable<StoredRecord>;
}
