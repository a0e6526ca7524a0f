import { createHash } from 'node:crypto';
import { BatchFileGoneError, UploadLostError } from '../core/batch/errors.ts';
import type { BatchFiles } from '../core/batch/ports.ts';
import { InboxObjectTooLargeError, PayloadMissingError } from '../core/request/errors.ts';
import { type Inbox, MAX_INBOX_BYTES, type Payloads } from '../core/request/ports.ts';

interface StoredObject {
  body: Uint8Array;
  etag: string;
  version_id: string;
  metadata: Record<string, string>;
  modified_at: number;
}

/** A versioned bucket, as all ports see it. */
export interface MemoryObjects {
  payloads: Payloads;
  inbox: Inbox;
  files: BatchFiles;
  /** Leaves an object as a producer does; returns the version. */
  leave(key: string, body: Uint8Array | string, metadata?: Record<string, string>): string;
  remove(key: string): void;
  keys(): string[];
}

/** S3 refuses to complete an upload with a smaller part before its last. */
const LEAST_PART_BYTES = 5 * 1024 * 1024;

export function createObjects(now: () => number, leastPartBytes = LEAST_PART_BYTES): MemoryObjects {
  const objects = new Map<string, StoredObject[]>();
  let versions = 0;

  function leave(key: string, body: Uint8Array | string, metadata: Record<string, string> = {}): string {
    versions++;
    const bytes = typeof body === 'string' ? Buffer.from(body) : Uint8Array.from(body);
    const at = { version_id: `v${versions}`, modified_at: now() };
    const object = { body: bytes, etag: etagOf(bytes), ...at, metadata };
    objects.set(key, [...(objects.get(key) ?? []), object]);
    return object.version_id;
  }

  /** The newest version, unless one is given. */
  function find(key: string, versionId?: string): StoredObject | undefined {
    const all = objects.get(key) ?? [];
    return versionId === undefined ? all.at(-1) : all.find(({ version_id }) => version_id === versionId);
  }

  return {
    payloads: {
      async put(key, body) {
        leave(key, body);
      },
      async get(key) {
        const object = find(key);
        if (!object) throw new PayloadMissingError(key);
        return Uint8Array.from(object.body);
      },
    },
    inbox: {
      async read(key, versionId, beforeDownload) {
        const object = find(key, versionId);
        if (!object) return undefined;
        const bytes = object.body.length;
        if (bytes > MAX_INBOX_BYTES) throw new InboxObjectTooLargeError(key, bytes, MAX_INBOX_BYTES);
        await beforeDownload?.(bytes);
        return { body: Uint8Array.from(object.body), version_id: object.version_id };
      },
    },
    files: createFiles({ find, leave, leastPartBytes }),
    leave,
    remove: (key) => void objects.delete(key),
    keys: () => [...objects.keys()],
  };
}

function createFiles({
  find,
  leave,
  leastPartBytes,
}: {
  find(key: string, versionId?: string): StoredObject | undefined;
  leave(key: string, body: Uint8Array | string): string;
  leastPartBytes: number;
}): BatchFiles {
  const uploads = new Map<string, Map<number, { etag: string; body: Uint8Array }>>();
  let begun = 0;
  return {
    async describe(key, versionId) {
      const object = find(key, versionId);
      if (!object) return undefined;
      const { body, etag, version_id, ...rest } = object;
      return { file: { key, etag, bytes: body.length, version_id }, ...rest };
    },
    async text(key) {
      const object = find(key);
      return object && Buffer.from(object.body).toString();
    },
    async read({ key, etag, version_id }, from, length) {
      const object = find(key, version_id);
      if (object?.etag !== etag) throw new BatchFileGoneError(key);
      return object.body.slice(from, from + length);
    },
    async put(key, body) {
      leave(key, body);
    },
    async beginUpload() {
      begun++;
      uploads.set(`upload-${begun}`, new Map());
      return `upload-${begun}`;
    },
    async uploadPart(key, uploadId, part, body) {
      const parts = uploads.get(uploadId);
      if (parts === undefined) throw new UploadLostError(key);
      const etag = etagOf(body);
      parts.set(part, { etag, body: Uint8Array.from(body) });
      return etag;
    },
    async completeUpload(key, { id, etags }) {
      const parts = uploads.get(id);
      const chosen = etags.map((etag, index) => ({ etag, part: parts?.get(index + 1) }));
      if (chosen.some(({ etag, part }) => part?.etag !== etag)) throw new UploadLostError(key);
      const bodies = chosen.flatMap(({ part }) => (part === undefined ? [] : [part.body]));
      if (bodies.slice(0, -1).some(({ length }) => length < leastPartBytes)) {
        throw new Error(`EntityTooSmall: a part before the last has less than ${leastPartBytes} bytes`);
      }
      uploads.delete(id);
      leave(key, Buffer.concat(bodies));
    },
  };
}

export function etagOf(body: Uint8Array | string): string {
  return createHash('md5').update(body).digest('hex');
}
