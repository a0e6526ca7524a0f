import { randomBytes } from 'node:crypto';
import type { CreatedObject } from '../event-sources/object-notifications.ts';
import { ServiceError } from './errors.ts';
import type { Caller, Service, ServiceAnswer } from './gateway.ts';
import type { Upstream } from './http.ts';
import { KeyedLock } from './keyed-lock.ts';
import type { GatewayRequest, GatewayResponse } from './message.ts';
import type { Operation } from './operation.ts';
import { s3Address } from './s3-operation.ts';

/** Operations after which there is a new object, and what S3's events call them. */
const CREATING: Record<string, string> = {
  PutObject: 'Put',
  CopyObject: 'Copy',
  CompleteMultipartUpload: 'CompleteMultipartUpload',
};

/**
 * S3 on the emulator, and what the emulator lacks: conditional writes, versions, and the 403 that a reader without
 * s3:ListBucket gets for a key that does not exist.
 */
export class S3Service implements Service {
  readonly #locks = new KeyedLock();
  /** The current version of each object of a versioned bucket, by path. */
  readonly #versions = new Map<string, string>();
  readonly #versioned = new Set<string>();

  readonly #emulator: Upstream;
  readonly #onCreated: (object: CreatedObject) => Promise<void>;

  /** @param onCreated what S3 does about a new object, before its writer has an answer */
  constructor(emulator: Upstream, onCreated: (object: CreatedObject) => Promise<void>) {
    this.#emulator = emulator;
    this.#onCreated = onCreated;
  }

  /** Where the versions of a versioned bucket's objects are kept. */
  static versionsBucket(bucket: string): string {
    return `${bucket}--versions`;
  }

  keepVersions(bucket: string): void {
    this.#versioned.add(bucket);
  }

  async handle(request: GatewayRequest, operation: Operation, caller: Caller): Promise<ServiceAnswer> {
    const response = await this.#respond(request, operation, caller);
    const by = CREATING[operation.name];
    if (by !== undefined && response.status === 200) await this.#created(request, by);
    return { response };
  }

  async #respond(request: GatewayRequest, operation: Operation, caller: Caller): Promise<GatewayResponse> {
    if (operation.name === 'PutObject') return this.#put(request);
    if (operation.name === 'GetObject' || operation.name === 'HeadObject') {
      return this.#get(request, caller);
    }
    const response = await this.#send(request);
    // The new object has no version here, and the old one must not be reported for it.
    if (request.method !== 'GET') this.#versions.delete(request.path);
    return response;
  }

  async #created(request: GatewayRequest, by: string): Promise<void> {
    const { headers } = await this.#head(request);
    await this.#onCreated({
      ...s3Address(request),
      by,
      bytes: Number(headers['content-length']),
      etag: (headers.etag ?? '').replaceAll('"', ''),
      versionId: this.#versions.get(request.path),
    });
  }

  /** @throws ServiceError for an error that the emulator does not put as S3 does */
  async #send(request: GatewayRequest): Promise<GatewayResponse> {
    const response = withTypeOfContent(await this.#emulator.send(withPlainBody(request)));
    const { status, headers, body } = response;
    if (status < 400 || body.length === 0 || headers['content-type']?.includes('xml')) return response;
    throw new ServiceError('InternalError', status, `The emulator of S3 answers: ${body}`);
  }

  /** What the emulator says of the object that the request is about. */
  #head(request: GatewayRequest): Promise<GatewayResponse> {
    const { host = '' } = request.headers;
    const query = new URLSearchParams();
    return this.#send({
      ...request,
      method: 'HEAD',
      query,
      headers: { host },
      body: Buffer.alloc(0),
    });
  }

  #put(request: GatewayRequest): Promise<GatewayResponse> {
    const { bucket } = s3Address(request);
    const { 'if-none-match': ifNoneMatch, 'if-match': ifMatch } = request.headers;
    return this.#locks.run([request.path], async () => {
      if (ifNoneMatch !== undefined || ifMatch !== undefined) {
        const current = await this.#head(request);
        const exists = current.status === 200;
        if (ifNoneMatch === '*' && exists) throw preconditionFailed();
        if (ifMatch !== undefined && (!exists || current.headers.etag !== ifMatch))
          throw preconditionFailed();
      }
      const response = await this.#send(request);
      if (response.status !== 200 || !this.#versioned.has(bucket)) return response;
      const version = randomBytes(16).toString('base64url');
      await this.#send({ ...request, path: this.#versionPath(request, version) });
      this.#versions.set(request.path, version);
      return withVersion(response, version);
    });
  }

  async #get(request: GatewayRequest, caller: Caller): Promise<GatewayResponse> {
    const wanted = request.query.get('versionId');
    const response = await this.#send(wanted ? this.#versionRequest(request, wanted) : request);
    const { bucket } = s3Address(request);
    if (
      response.status === 404 &&
      !caller.may({ action: 's3:ListBucket', resource: `arn:aws:s3:::${bucket}` })
    ) {
      throw new ServiceError(
        'AccessDenied',
        403,
        `User: ${caller.principal} is not authorized to perform: s3:ListBucket, so a missing key is denied`,
      );
    }
    const version = wanted ?? this.#versions.get(request.path);
    return version && response.status < 300 ? withVersion(response, version) : response;
  }

  #versionRequest(request: GatewayRequest, version: string): GatewayRequest {
    return { ...request, path: this.#versionPath(request, version), query: new URLSearchParams() };
  }

  #versionPath(request: GatewayRequest, version: string): string {
    const [, bucket = '', ...key] = request.path.split('/');
    return `/${S3Service.versionsBucket(bucket)}/${key.join('/')}/${encodeURIComponent(version)}`;
  }
}

const CONTENT_TYPE = 'x-amz-meta-local-cloud-content-type';

/**
 * The emulator reads some types of content, and fails without one. It is to take all that is put for bytes, and keeps
 * the type for {@link withTypeOfContent}.
 */
function withPlainBody(request: GatewayRequest): GatewayRequest {
  if (request.method !== 'PUT' && request.method !== 'POST') return request;
  const { 'content-type': type = 'binary/octet-stream', ...headers } = request.headers;
  return {
    ...request,
    headers: { ...headers, 'content-type': 'application/octet-stream', [CONTENT_TYPE]: type },
  };
}

function withTypeOfContent(response: GatewayResponse): GatewayResponse {
  const { [CONTENT_TYPE]: type, ...headers } = response.headers;
  return type === undefined ? response : { ...response, headers: { ...headers, 'content-type': type } };
}

function withVersion(response: GatewayResponse, version: string): GatewayResponse {
  return { ...response, headers: { ...response.headers, 'x-amz-version-id': version } };
}

function preconditionFailed(): ServiceError {
  return new ServiceError(
    'PreconditionFailed',
    412,
    'At least one of the pre-conditions you specified did not hold',
  );
}
