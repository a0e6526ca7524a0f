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
  const parameters = [...query.keys()].filter((name) => name !== 'x-id').sort();
  const source = headers['x-amz-copy-source'];
  const one = (name: string, action: string) => ({
    name,
    permissions: [{ action: `s3:${action}`, resource }],
  });
  // Any other parameter names something of the object, e.g. its tags, and makes another operation of it.
  switch ([method, ...parameters, ...(source === undefined ? [] : ['copy'])].join(' ')) {
    case 'GET':
      return one('GetObject', 'GetObject');
    case 'GET versionId':
      return one('GetObject', 'GetObjectVersion');
    case 'HEAD':
      return one('HeadObject', 'GetObject');
    case 'HEAD versionId':
      return one('HeadObject', 'GetObjectVersion');
    case 'DELETE':
      return one('DeleteObject', 'DeleteObject');
    case 'PUT':
      return one('PutObject', 'PutObject');
    case 'PUT copy': {
      const copied = decodeURIComponent(String(source)).replace(/^\//, '');
      const read = { action: 's3:GetObject', resource: `arn:aws:s3:::${copied}` };
      return { name: 'CopyObject', permissions: [...one('', 'PutObject').permissions, read] };
    }
    case 'POST uploads':
      return one('CreateMultipartUpload', 'PutObject');
    case 'PUT partNumber uploadId':
      return one('UploadPart', 'PutObject');
    case 'POST uploadId':
      return one('CompleteMultipartUpload', 'PutObject');
    case 'DELETE uploadId':
      return one('AbortMultipartUpload', 'AbortMultipartUpload');
    default:
      throw unknown(request);
  }
}

function unknown({ method, path, query }: GatewayRequest): ServiceError {
  return new ServiceError(
    'NotImplemented',
    501,
    `the local cloud offers no S3 operation ${method} ${path}?${query}`,
  );
}
