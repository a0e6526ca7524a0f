import type { StoredRecord } from '../request/record.ts';
import type { Batch, DroppedFile, Progress, Upload } from './batch.ts';

/** The batches table. */
export interface Batches {
  /** Writes a new batch, unless one with this id exists. */
  create(batch: Batch): Promise<void>;
  read(batchId: string): Promise<Batch | undefined>;
  /**
   * Writes what a turn has changed. Returns undefined when another writer has taken that turn. A nonce recognises our own
   * write when its answer was lost.
   */
  save(batch: Batch, sinceTurn: number, progress: Progress): Promise<Batch | undefined>;
  /** Notes the request once. The batch must exist. */
  requestCancel(batchId: string, now: number): Promise<void>;
}

export interface DescribedFile {
  file: DroppedFile;
  /** As its uploader set it; names in lower case. */
  metadata: Record<string, string>;
  /** When it was uploaded, epoch milliseconds. S3 leaves out the part of a second. */
  modified_at: number;
}

/** The batch files in the calls bucket, and what answers them. */
export interface BatchFiles {
  /** An object in one version (default: the newest). Undefined when it does not exist. */
  describe(key: string, versionId?: string): Promise<DescribedFile | undefined>;
  /** The text of a small object. Undefined when it does not exist. */
  text(key: string): Promise<string | undefined>;
  /**
   * Bytes of the file's own version.
   * @throws BatchFileGoneError
   */
  read(file: DroppedFile, from: number, length: number): Promise<Uint8Array>;
  put(key: string, body: string | Uint8Array, contentType: string): Promise<void>;
  beginUpload(key: string): Promise<string>;
  /**
   * Returns the part's ETag. The same part again replaces the first; no part but the last may be smaller than 5 MiB.
   * @throws UploadLostError
   */
  uploadPart(key: string, uploadId: string, part: number, body: Uint8Array): Promise<string>;
  /** @throws UploadLostError */
  completeUpload(key: string, upload: Upload): Promise<void>;
}

/** Finds records by at most {@link MAX_KEYS} ids, strongly consistent. Ids without a record are left out. */
export interface RecordLookup {
  find(requestIds: readonly string[]): Promise<StoredRecord[]>;
}
export const MAX_KEYS = 100;

/** The message by which another invocation continues a batch. */
export interface Continuation {
  v: 1;
  batch_id: string;
  turn: number;
}

/** The queue that starts the function. */
export interface BatchQueue {
  /** Delivers the message after this delay, at most 15 minutes. */
  send(continuation: Continuation, delaySeconds: number): Promise<void>;
}

/** Notifies everybody who subscribed to the ends of batches. */
export interface BatchTopic {
  publish(subject: string, message: object): Promise<void>;
}
