import { createHash, timingSafeEqual } from 'node:crypto';
import { Sha256 } from '@smithy/core/checksum';
import { SignatureV4 } from '@smithy/signature-v4';
import { ServiceError } from './errors.ts';
import type { GatewayRequest } from './message.ts';

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
}

export interface Identity {
  principal: string;
  /** From the signature's credential scope, e.g. `dynamodb`. */
  service: string;
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/;
const DATE = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;
/** AWS's own tolerance. */
const CLOCK_SKEW_MS = 5 * 60_000;

/** Knows who has which credentials, and checks the Signature Version 4 of what they send. */
export class Identities {
  readonly #byAccessKey = new Map<string, { principal: string; credentials: Credentials }>();

  add(principal: string, credentials: Credentials): void {
    this.#byAccessKey.set(credentials.accessKeyId, { principal, credentials });
  }

  /** @throws ServiceError as AWS answers an unsigned, unknown, stale or wrong signature */
  async identify(request: GatewayRequest): Promise<Identity> {
    const [, accessKeyId = '', , region = '', service = '', signedHeaders = '', signature = ''] =
      AUTHORIZATION.exec(request.headers.authorization ?? '') ?? fail('MissingAuthenticationToken', 403);
    const known = this.#byAccessKey.get(accessKeyId);
    if (!known)
      throw new ServiceError(
        'UnrecognizedClientException',
        403,
        'The security token included in the request is invalid.',
      );
    const expected = await sign(request, known.credentials, region, service, signedHeaders.split(';'));
    if (!equal(expected, signature)) {
      throw new ServiceError(
        'SignatureDoesNotMatch',
        403,
        'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.',
      );
    }
    return { principal: known.principal, service };
  }
}

function fail(code: string, status: number): never {
  throw new ServiceError(
    code,
    status,
    'Request is missing a Signature Version 4 Authorization header (presigned URLs are not supported).',
  );
}

async function sign(
  request: GatewayRequest,
  credentials: Credentials,
  region: string,
  service: string,
  signedHeaders: string[],
): Promise<string> {
  const signer = new SignatureV4({
    credentials,
    region,
    service,
    sha256: Sha256,
    uriEscapePath: service !== 's3',
    applyChecksum: false,
  });
  const headers: Record<string, string> = {};
  // Under HTTP/2 the SDK signs the host by its pseudo-header's name.
  for (const name of signedHeaders)
    headers[name] = request.headers[name === ':authority' ? 'host' : name] ?? '';
  // The signer believes this header when it is there, so it is checked against the body first.
  checkContentHash(request);
  const query: Record<string, string[]> = {};
  for (const name of request.query.keys()) query[name] = request.query.getAll(name);
  const signed = await signer.sign(
    {
      method: request.method,
      protocol: 'http:',
      hostname: '',
      path: request.path,
      query,
      headers,
      body: request.body,
    },
    { signingDate: signingDate(request), signableHeaders: new Set(signedHeaders) },
  );
  return /Signature=([0-9a-f]{64})/.exec(signed.headers.authorization ?? '')?.[1] ?? '';
}

function signingDate(request: GatewayRequest): Date {
  const [, year, month, day, hour, minute, second] = DATE.exec(request.headers['x-amz-date'] ?? '') ?? [];
  const date = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (!(Math.abs(date.getTime() - Date.now()) <= CLOCK_SKEW_MS)) {
    throw new ServiceError(
      'RequestTimeTooSkewed',
      403,
      'The request time (x-amz-date) is missing or too far from the current time.',
    );
  }
  return date;
}

function checkContentHash({ headers, body }: GatewayRequest): void {
  const claimed = headers['x-amz-content-sha256'];
  if (claimed === undefined || !/^[0-9a-f]{64}$/.test(claimed)) return;
  if (createHash('sha256').update(body).digest('hex') !== claimed) {
    throw new ServiceError(
      'XAmzContentSHA256Mismatch',
      400,
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
    );
  }
}

function equal(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
