import {
  GetObjectCommand,
  type GetObjectCommandInput,
  type GetObjectCommandOutput,
  PutObjectCommand,
  type S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import {
  InboxObjectEncryptedError,
  InboxObjectTooLargeError,
  PayloadMissingError,
} from '../core/request/errors.ts';
import { type Inbox, MAX_INBOX_BYTES, type Payloads } from '../core/request/ports.ts';

/** Payloads and large outputs, in the calls bucket. */
export function s3Payloads(client: S3Client, bucket: string): Payloads {
  return {
    async put(key, body) {
      await client.send(
        new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ContentType: 'application/json' }),
      );
    },

    async get(key) {
      try {
        return await bytesOf(await client.send(new GetObjectCommand({ Bucket: bucket, Key: key })));
      } catch (error) {
        if (error instanceof S3ServiceException && error.name === GONE) throw new PayloadMissingError(key);
        throw error;
      }
    },
  };
}

/** Producers' large messages, in the calls bucket. */
export function s3Inbox(client: S3Client, bucket: string, maxBytes = MAX_INBOX_BYTES): Inbox {
  return {
    async read(key, versionId, beforeDownload) {
      const object = await getInboxObject(client, { Bucket: bucket, Key: key, VersionId: versionId });
      if (!object) return undefined;
      const { ContentLength: bytes = 0, VersionId: version_id } = object;
      if (bytes > maxBytes) {
        await object.Body?.transformToWebStream().cancel();
        throw new InboxObjectTooLargeError(key, bytes, maxBytes);
      }
      await beforeDownload?.(bytes);
      return { body: await bytesOf(object), ...(version_id && { version_id }) };
    },
  };
}

/**
 * How S3 says of a payload that it is gone to a role that may list the bucket. A denial is something else, as of a key or
 * a policy that somebody has changed: it may pass, and must not end every request that it affects.
 */
const GONE = 'NoSuchKey';
/**
 * How S3 says that there is no such object in the inbox. A role that may not list the bucket is denied a key that does not
 * exist; a version may be unknown, malformed, or a delete marker.
 */
const MISSING = [GONE, 'AccessDenied', 'NoSuchVersion', 'InvalidArgument', 'MethodNotAllowed'];

/**
 * How S3 says that KMS does not decrypt an object for us: a denial that names the action, such as kms:Decrypt, or an error
 * of KMS itself, such as KMS.DisabledException.
 */
const KMS = /\bkms[.:]/i;

/** @throws InboxObjectEncryptedError */
async function getInboxObject(
  client: S3Client,
  input: GetObjectCommandInput & { Key: string },
): Promise<GetObjectCommandOutput | undefined> {
  try {
    return await client.send(new GetObjectCommand(input));
  } catch (error) {
    if (!(error instanceof S3ServiceException)) throw error;
    if (KMS.test(`${error.name} ${error.message}`)) throw new InboxObjectEncryptedError(input.Key);
    if (MISSING.includes(error.name)) return undefined;
    throw error;
  }
}

async function bytesOf({ Body }: GetObjectCommandOutput): Promise<Uint8Array> {
  return (await Body?.transformToByteArray()) ?? new Uint8Array();
}
