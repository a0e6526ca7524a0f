import type { Clock } from '../core/clock.ts';
import type { StoredRecord } from '../core/request/record.ts';
import type { SenderPorts } from './sender.ts';

/** What waits before a request in its own queue. */
export interface Ahead {
  requests: number;
  /** Their estimated input and their max tokens. */
  tokens: number;
  /** There are more than these. */
  more: boolean;
}

/** All that the library does on AWS. */
export interface ClientPorts extends SenderPorts {
  /** At most a hundred keys; may lag behind writes. What is not there is left out. */
  read(keys: readonly string[]): Promise<StoredRecord[]>;
  /** A large output. */
  output(place: { bucket: string; key: string }): Promise<Uint8Array>;
  /** Counts what the backlog holds before a place. */
  ahead(backlogKey: string, before: number): Promise<Ahead>;
  clock: Clock;
}
