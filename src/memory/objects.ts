import { InboxObjectTooLargeError, PayloadMissingError } from '../core/request/errors.ts';
import { type Inbox, MAX_INBOX_BYTES, type Payloads } from '../core/request/ports.ts';

/** A versioned bucket, as both ports see it. */
export interface MemoryObjects {
  payloads: Payloads;
  inbox: Inbox;
  /** Leaves an object as a producer does; returns the version. */
  leave(key: string, body: Uint8Array | string): string;
  remove(key: string): void;
  keys(): string[];
}

export function createObjects(): MemoryObjects {
  const objects = new Map<string, { body: Uint8Array; version_id: string }[]>();
  let versions = 0;

  function leave(key: string, body: Uint8Array | string): string {
    versions++;
    const object = {
      body: typeof body === 'string' ? Buffer.from(body) : Uint8Array.from(body),
      version_id: `v${versions}`,
    };
    objects.set(key, [...(objects.get(key) ?? []), object]);
    return object.version_id;
  }

  return {
    payloads: {
      async put(key, body) {
        leave(key, body);
      },
      async get(key) {
        const object = objects.get(key)?.at(-1);
        if (!object) throw new PayloadMissingError(key);
        return Uint8Array.from(object.body);
      },
    },
    inbox: {
      async read(key, versionId, beforeDownload) {
        const versionsOfKey = objects.get(key) ?? [];
        const object =
          versionId === undefined
            ? versionsOfKey.at(-1)
            : versionsOfKey.find(({ version_id }) => version_id === versionId);
        if (!object) return undefined;
        const bytes = object.body.length;
        if (bytes > MAX_INBOX_BYTES) throw new InboxObjectTooLargeError(key, bytes, MAX_INBOX_BYTES);
        await beforeDownload?.(bytes);
        return { body: Uint8Array.from(object.body), version_id: object.version_id };
      },
    },
    leave,
    remove: (key) => void objects.delete(key),
    keys: () => [...objects.keys()],
  };
}
