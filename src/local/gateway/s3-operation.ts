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

/** By method and parameters: the name of the operation, and the action that it needs a permission for. */
const OBJECT_OPERATIONS: Record<string, { name: string; action: string }> = {
  GET: { name: 'GetObject', action: 's3:GetObject' },
  'GET versionId': { name: 'GetObject', action: 's3:GetObjectVersion' },
  HEAD: { name: 'HeadObject', action: 's3:GetObject' },
  'HEAD versionId': { name: 'HeadObject', action: 's3:GetObjectVersion' },
  DELETE: { name: 'DeleteObject', action: 's3:DeleteObject' },
  PUT: { name: 'PutObject', action: 's3:PutObject' },
  'PUT copy': { name: 'CopyObject', action: 's3:PutObject' },
  'POST uploads': { name: 'CreateMultipartUpload', action: 's3:PutObject' },
  'PUT partNumber uploadId': { name: 'UploadPart', action: 's3:PutObject' },
  'POST uploadId': { name: 'CompleteMultipartUpload', action: 's3:PutObject' },
  'DELETE uploadId': { name: 'AbortMultipartUpload', action: 's3:AbortMultipartUpload' },
};

function objectOperation(request: GatewayRequest, resource: string) {
  const { method, query, headers } = request;
  const parameters = [...query.keys()].filter((name) => name !== 'x-id').sort();
  const source = headers['x-amz-copy-source'];
  const copy = source === undefined ? [] : ['copy'];
  // Any other parameter names something of the object, e.g. its tags, and makes another operation of it.
  const operation = OBJECT_OPERATIONS[[method, ...parameters, ...copy].join(' ')];
  if (operation === undefined) throw unknown(request);
  const { name, action } = operation;
  const permissions: Permission[] = [{ action, resource }];
  if (source !== undefined) {
    const copied = decodeURIComponent(source).replace(/^\//, '');
    permissions.push({ action: 's3:GetObject', resource: `arn:aws:s3:::${copied}` });
  }
  return { name, permissions };
}

function unknown({ method, path, query }: GatewayRequest): ServiceError {
  return new ServiceError(
    'NotImplemented',
    501,
    `the local cloud offers no S3 operation ${method} ${path}?${query}`,
  );
}
