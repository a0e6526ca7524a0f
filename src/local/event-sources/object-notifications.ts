/** What S3 tells a queue about new objects of a bucket. */

export interface CreatedObject {
  bucket: string;
  key: string;
  /** How it came: `Put`, `Copy` or `CompleteMultipartUpload`. */
  by: string;
  bytes: number;
  /** Without quotation marks. */
  etag: string;
  versionId?: string;
}

export interface NotificationRule {
  bucket: string;
  /** E.g. `s3:ObjectCreated:*`. */
  events: string[];
  prefix: string;
  suffix: string;
  send(body: string): Promise<void>;
}

/** Sends the notification that S3 would send to every queue whose rule matches, before the writer gets its answer. */
export async function notify(
  rules: readonly NotificationRule[],
  object: CreatedObject,
  region: string,
): Promise<void> {
  const wanted = rules.filter(
    ({ bucket, events, prefix, suffix }) =>
      bucket === object.bucket &&
      object.key.startsWith(prefix) &&
      object.key.endsWith(suffix) &&
      events.some((event) => ['s3:ObjectCreated:*', `s3:ObjectCreated:${object.by}`].includes(event)),
  );
  const body = JSON.stringify({ Records: [recordOf(object, region)] });
  await Promise.all(wanted.map(({ send }) => send(body)));
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html */
function recordOf({ bucket, key, by, bytes, etag, versionId }: CreatedObject, awsRegion: string) {
  return {
    eventVersion: '2.1',
    eventSource: 'aws:s3',
    awsRegion,
    eventTime: new Date().toISOString(),
    eventName: `ObjectCreated:${by}`,
    s3: {
      s3SchemaVersion: '1.0',
      bucket: { name: bucket, arn: `arn:aws:s3:::${bucket}` },
      // As in the query of a URL.
      object: {
        key: new URLSearchParams({ key }).toString().slice(4).replaceAll('%2F', '/'),
        size: bytes,
        eTag: etag,
        versionId,
      },
    },
  };
}
