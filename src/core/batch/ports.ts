import type { StoredRecord } from '../request/record.ts';
import type { Batch, DroppedFile, Progress, Upload } from './batch.ts';

/** The batches table. */
export interface Batches {
  /** Writes a new batch, unless there is one of its id. */
  create(batch: Batch): Promise<void>;
  read(batchId: string): Promise<Batch | undefined>;
  /**
   * Writes what a turn has changed, as the next turn; undefined when another writer has taken that turn. Carries a nonce: a
   * write whose answer was lost still counts as written.
   */
  save(batch: Batch, sinceTurn: number, progress: Progress): Promise<Batch | undefined>;
  /** Notes the request, once; does nothing for a batch that there is not. */
  requestCancel(batchId: string, now: number): Promise<void>;
}

export interface DescribedFile {
  file: DroppedFile;
  /** As its uploader set it; names in lower case. */
  metadata: Record<string, string>;
}

/** The batch files in the calls bucket, and what answers them. */
export interface BatchFiles {
  /** An object in one version, the newest unless given; undefined when there is none. */
  describe(key: string, versionId?: string): Promise<DescribedFile | undefined>;
  /** A small object's text; undefined when there is none. */
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

/** Records by their ids, at most {@link MAX_KEYS}; what does not exist is left out. Strongly consistent. */
export interface RecordLookup {
  find(requestIds: readonly string[]): Promise<StoredRecord[]>;
}
export const MAX_KEYS = 100;

/** By this message a batch goes on in another invocation. */
export interface Continuation {
  v: 1;
  batch_id: string;
  turn: number;
}

/** The queue that starts the function. */
export interface BatchQueue {
  /** Delivered after so long, at most 15 minutes. */
  send(continuation: Continuation, delaySeconds: number): Promise<void>;
}

/** Those who want to know that a batch has ended. */
export interface BatchTopic {
  publish(subject: string, message: object): Promise<void>;
}
