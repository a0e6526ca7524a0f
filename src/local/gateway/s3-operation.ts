import { ServiceError } from './errors.ts';
import type { GatewayRequest } from './message.ts';
import type { Permission } from './policy.ts';

/** The S3 operation of a path-style request, by method, path and query. */
export function readS3Operation(request: GatewayRequest): { name: string; permissions: Permission[] } {
  const { bucket, key } = s3Address(request);
  if (!bucket)
    return { name: 'ListBuckets', permissions: [{ action: 's3:ListAllMyBuckets', resource: '*' }] };
  return key === ''
    ? bucketOperation(request, bucket)
    : objectOperation(request, `arn:aws:s3:::${bucket}/${key}`);
}

/** `key` is empty for the bucket itself. */
export function s3Address({ path }: GatewayRequest): { bucket: string; key: string } {
  const [, bucket = '', ...key] = path.split('/').map(decodeURIComponent);
  return { bucket, key: key.join('/') };
}

function bucketOperation(request: GatewayRequest, bucket: string) {
  const { method, query } = request;
  const resource = `arn:aws:s3:::${bucket}`;
  const subresource = [...query.keys()].find((name) => !LIST_PARAMETERS.includes(name));
  if (method === 'POST' && query.has('delete')) {
    const keys = [...request.body.toString().matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key]) => key);
    return {
      name: 'DeleteObjects',
      permissions: keys.map((key) => ({ action: 's3:DeleteObject', resource: `${resource}/${key}` })),
    };
  }
  if (subresource) throw unknown(request);
  if (method === 'GET')
    return { name: 'ListObjectsV2', permissions: [{ action: 's3:ListBucket', resource }] };
  if (method === 'HEAD') return { name: 'HeadBucket', permissions: [{ action: 's3:ListBucket', resource }] };
  if (method === 'PUT')
    return { name: 'CreateBucket', permissions: [{ action: 's3:CreateBucket', resource }] };
  throw unknown(request);
}

const LIST_PARAMETERS = [
  'continuation-token',
  'delimiter',
  'encoding-type',
  'fetch-owner',
  'list-type',
  'marker',
  'max-keys',
  'prefix',
  'start-after',
  'x-id',
];

function objectOperation(request: GatewayRequest, resource: string) {
  const { method, query, headers } = request;
  const version = query.has('versionId') ? 'Version' : '';
  const one = (name: string, action: string) => ({
    name,
    permissions: [{ action: `s3:${action}`, resource }],
  });
  if (method === 'GET') return one('GetObject', `GetObject${version}`);
  if (method === 'HEAD') return one('HeadObject', `GetObject${version}`);
  if (method === 'DELETE' && query.has('uploadId'))
    return one('AbortMultipartUpload', 'AbortMultipartUpload');
  if (method === 'DELETE' && !version) return one('DeleteObject', 'DeleteObject');
  if (method === 'POST' && query.has('uploads')) return one('CreateMultipartUpload', 'PutObject');
  if (method === 'POST' && query.has('uploadId')) return one('CompleteMultipartUpload', 'PutObject');
  if (method === 'PUT' && query.has('partNumber')) return one('UploadPart', 'PutObject');
  const source = headers['x-amz-copy-source'];
  if (method === 'PUT' && source) {
    const copied = decodeURIComponent(source).replace(/^\//, '');
    const { permissions } = one('CopyObject', 'PutObject');
    return {
      name: 'CopyObject',
      permissions: [...permissions, { action: 's3:GetObject', resource: `arn:aws:s3:::${copied}` }],
    };
  }
  if (method === 'PUT' && [...query.keys()].every((name) => name === 'x-id'))
    return one('PutObject', 'PutObject');
  throw unknown(request);
}

function unknown({ method, path, query }: GatewayRequest): ServiceError {
  return new ServiceError(
    'NotImplemented',
    501,
    `the local cloud offers no S3 operation ${method} ${path}?${query}`,
  );
}
