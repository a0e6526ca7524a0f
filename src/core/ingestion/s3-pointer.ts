import { isUtf8 } from 'node:buffer';
import { shortTextBytes } from '../request/abridged.ts';
import { InboxObjectEncryptedError, InboxObjectTooLargeError } from '../request/errors.ts';
import { type MessageLimits, type Reading, readMessage } from '../request/message.ts';
import type { Pointer } from '../request/message-schema.ts';
import { type Inbox, MAX_INBOX_BYTES } from '../request/ports.ts';
import { mustBe } from '../request/problem.ts';
import type { RequestRecord } from '../request/record.ts';

/**
 * Text in short pieces takes some fifty times its size of memory while it is read, and ingestion has 512 MB. By default a worker takes
 * no more of it either (memory.ts).
 */
const MAX_SHORT_TEXT_BYTES = 8_000_000;

const READABLE =
  "an object that ingestion can decrypt (use the bucket's own encryption, or allow kms:Decrypt to ingestion's role in the key policy)";

export interface PointerReading {
  reading: Reading;
  source?: RequestRecord['source'];
}

/** Reads the message that a pointer names: an object of our own bucket below `inbox/`, in one version. */
export async function readPointer(
  pointer: Pointer,
  inbox: Inbox,
  options: MessageLimits & { bucket: string },
  beforeDownload: (bytes: number) => Promise<void>,
): Promise<PointerReading> {
  const { bucket, key, version_id } = pointer;
  if (bucket !== options.bucket) return refused('bucket', `the calls bucket (${options.bucket})`, bucket);
  let object: Awaited<ReturnType<Inbox['read']>>;
  try {
    object = await inbox.read(key, version_id, beforeDownload);
  } catch (error) {
    if (error instanceof InboxObjectTooLargeError) {
      return refused('key', `an object of at most ${MAX_INBOX_BYTES} bytes`, `one of ${error.bytes}`);
    }
    if (error instanceof InboxObjectEncryptedError) {
      return refused('key', READABLE, 'one encrypted with a KMS key that does not allow it');
    }
    throw error;
  }
  if (object === undefined) {
    const version = version_id === undefined ? '' : ` in version ${version_id}`;
    return refused('key', 'an object that exists', `none at ${key}${version}`);
  }
  if (!isUtf8(object.body)) return refused('key', 'an object of UTF-8 text', 'other bytes');
  const textBytes = shortTextBytes(object.body);
  if (textBytes > MAX_SHORT_TEXT_BYTES) {
    const expected = `an object with at most ${MAX_SHORT_TEXT_BYTES} bytes beside its strings of more than 1 KB`;
    return refused('key', expected, `one with ${textBytes}`);
  }
  const reading = readMessage(new TextDecoder().decode(object.body), options);
  const source = object.version_id === undefined ? { key } : { key, version_id: object.version_id };
  return { reading, source };
}

function refused(field: string, expected: string, came: string): PointerReading {
  const problems = [mustBe(['s3', field], expected, came)];
  return { reading: { kind: 'invalid', problems, usable: {} } };
}
