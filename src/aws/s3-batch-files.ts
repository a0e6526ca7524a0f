import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
  S3ServiceException,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { BatchFileGoneError, UploadLostError } from '../core/batch/errors.ts';
import type { BatchFiles } from '../core/batch/ports.ts';
import { JSON_LINES } from '../core/batch/write-output.ts';

/** How S3 says that an object does not exist. It denies access when the role may not list the bucket, or its versions. */
const MISSING = [
  'NoSuchKey',
  'NotFound',
  'AccessDenied',
  'Forbidden',
  '403',
  'NoSuchVersion',
  'MethodNotAllowed',
];
/** The object has been replaced. This can only happen in a bucket without versions. */
const REPLACED = 'PreconditionFailed';
const LOST_UPLOAD = ['NoSuchUpload', 'InvalidPart'];

/**
 * Batch files in the calls bucket. The output is written with S3's own calls for multipart uploads, because its parts come from
 * several invocations. The SDK's Upload (lib-storage) keeps an upload in one process from its first part to its last.
 */
export function s3BatchFiles(client: S3Client, bucket: string): BatchFiles {
  return {
    async describe(key, versionId) {
      const described = await translated(
        MISSING,
        () => undefined,
        () => client.send(new HeadObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId })),
      );
      if (described === undefined) return undefined;
      const {
        ETag = '',
        ContentLength: bytes = 0,
        VersionId: version_id,
        Metadata: metadata = {},
        LastModified: modified,
      } = described;
      const etag = ETag.replaceAll('"', '');
      return {
        file: { key, etag, bytes, ...(version_id && { version_id }) },
        metadata,
        modified_at: modified?.getTime() ?? 0,
      };
    },

    async text(key) {
      const object = await translated(
        MISSING,
        () => undefined,
        () => client.send(new GetObjectCommand({ Bucket: bucket, Key: key })),
      );
      return object?.Body?.transformToString();
    },

    async read({ key, etag, version_id }, from, length) {
      const gone = () => {
        throw new BatchFileGoneError(key);
      };
      const object = await translated([...MISSING, REPLACED], gone, () =>
        client.send(
          new GetObjectCommand({
            Bucket: bucket,
            Key: key,
            VersionId: version_id,
            IfMatch: `"${etag}"`,
            Range: `bytes=${from}-${from + length - 1}`,
          }),
        ),
      );
      return (await object.Body?.transformToByteArray()) ?? new Uint8Array();
    },

    async put(key, body, contentType) {
      await client.send(
        new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ContentType: contentType }),
      );
    },

    async beginUpload(key) {
      const { UploadId = '' } = await client.send(
        new CreateMultipartUploadCommand({ Bucket: bucket, Key: key, ContentType: JSON_LINES }),
      );
      return UploadId;
    },

    async uploadPart(key, uploadId, part, body) {
      const { ETag = '' } = await translated(LOST_UPLOAD, lost(key), () =>
        client.send(
          new UploadPartCommand({
            Bucket: bucket,
            Key: key,
            UploadId: uploadId,
            PartNumber: part,
            Body: body,
          }),
        ),
      );
      return ETag;
    },

    async completeUpload(key, { id, etags }) {
      const Parts = etags.map((ETag, index) => ({ ETag, PartNumber: index + 1 }));
      await translated(LOST_UPLOAD, lost(key), () =>
        client.send(
          new CompleteMultipartUploadCommand({
            Bucket: bucket,
            Key: key,
            UploadId: id,
            MultipartUpload: { Parts },
          }),
        ),
      );
    },
  };
}

function lost(key: string): () => never {
  return () => {
    throw new UploadLostError(key);
  };
}

/** Returns what `otherwise` returns when S3 answers with one of these errors. */
async function translated<T, O>(
  errors: readonly string[],
  otherwise: () => O,
  call: () => Promise<T>,
): Promise<T | O> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof S3ServiceException && errors.includes(error.name)) return otherwise();
    throw error;
  }
}
