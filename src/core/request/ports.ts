import type { HoldMessage } from './hold-message.ts';
import type { RequestRecord, StoredRecord } from './record.ts';

/** A conditional write of one record: applied only to this status and generation. */
export interface Transition {
  request_id: string;
  from: Pick<StoredRecord, 'status' | 'generation'>;
  set: Partial<RequestRecord>;
  remove: readonly (keyof RequestRecord)[];
}

/** The item after the write, or the one that was found instead (absent: there is no such item). */
export type Moved = { applied: true; record: StoredRecord } | { applied: false; record?: StoredRecord };

export interface Records {
  /** Writes a new record, also in place of one that has expired; where there is another, writes nothing and returns that one. */
  create(record: StoredRecord): Promise<StoredRecord | undefined>;
  read(requestId: string): Promise<StoredRecord | undefined>;
  /** Carries a nonce: an answer lost after the write took effect is still `applied`. */
  move(transition: Transition): Promise<Moved>;
}

/**
 * What the backlog index holds of a waiting request besides its keys: everything that decides about its release. A change of
 * this list makes Terraform delete the index and build it again.
 */
export const BACKLOG_ATTRIBUTES = [
  'generation',
  'lane',
  'model_id',
  'priority',
  'tenant',
  'task',
  'accepted_at',
  'deadline_at',
  'input_tokens',
  'input_kind',
  'input_bytes',
  'max_tokens',
  'thinking_tokens',
  'full_allowance',
  'failures',
] as const satisfies readonly (keyof RequestRecord)[];

/** A waiting request as the backlog index shows it. */
export type BacklogEntry = Pick<RequestRecord, 'request_id' | (typeof BACKLOG_ATTRIBUTES)[number]> &
  Required<Pick<RequestRecord, 'backlog_key' | 'backlog_order'>>;

export interface Backlog {
  /** The first entries of one backlog partition, oldest first. May lag behind writes. */
  heads(backlogKey: string, limit: number): Promise<BacklogEntry[]>;
  /** The first entries whose place is after `order`, oldest first. May lag behind writes. */
  since(backlogKey: string, order: number, limit: number): Promise<BacklogEntry[]>;
}

/** What the due index holds of a record besides its keys. */
export const DUE_ATTRIBUTES = ['status', 'generation'] as const satisfies readonly (keyof StoredRecord)[];

/** Something about this record is due. */
export type DueEntry = Pick<StoredRecord, 'request_id' | (typeof DUE_ATTRIBUTES)[number]> &
  Required<Pick<StoredRecord, 'due_at'>>;

export interface Due {
  /** Records of a lane due at or before `now` (epoch ms), earliest first. May lag behind writes. */
  due(lane: string, now: number, limit: number): Promise<DueEntry[]>;
}

export interface Payloads {
  put(key: string, body: Uint8Array | string): Promise<void>;
  /** Rejects with {@link PayloadMissingError} when there is no such object. */
  get(key: string): Promise<Uint8Array>;
}

/** Bedrock takes bodies of up to 25,000,000 bytes; the rest is for the message around it. */
export const MAX_INBOX_BYTES = 26_000_000;

/** Where producers leave messages too large for the Input queue, below `inbox/` of the calls bucket. */
export interface Inbox {
  /**
   * The object, in the given version or the newest, and the version that was read; undefined when there is none.
   * Rejects with {@link InboxObjectTooLargeError} beyond `MAX_INBOX_BYTES`, before downloading it,
   * and with {@link InboxObjectEncryptedError} when its KMS key does not let us.
   * @param beforeDownload is told the object's size, and waited for
   */
  read(
    key: string,
    versionId?: string,
    beforeDownload?: (bytes: number) => Promise<void>,
  ): Promise<{ body: Uint8Array; version_id?: string } | undefined>;
}

export interface HoldQueue {
  /**
   * @throws ReleasesNotSentError which says what could not be sent; all others were
   */
  send(messages: HoldMessage[]): Promise<void>;
}
