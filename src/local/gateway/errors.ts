import { randomUUID } from 'node:crypto';
import type { GatewayRequest, GatewayResponse } from './message.ts';

/** An error that the caller gets in the form of the service it called. */
export class ServiceError extends Error {
  override name = 'ServiceError';
  /** @param code AWS's error code, e.g. `AccessDeniedException` */
  constructor(
    readonly code: string,
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** Error codes that S3 spells differently. */
const S3_CODES: Record<string, string> = { AccessDeniedException: 'AccessDenied' };

/** An error in the form of the protocol that the service speaks, or that it was asked in. */
export function errorResponse(
  request: GatewayRequest,
  service: string,
  error: ServiceError,
): GatewayResponse {
  const requestId = randomUUID();
  if (service === 's3') {
    const code = S3_CODES[error.code] ?? error.code;
    const text = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${escapeXml(error.message)}</Message><RequestId>${requestId}</RequestId></Error>`;
    return { status: error.status, headers: { 'content-type': 'application/xml' }, body: Buffer.from(text) };
  }
  if (request.headers['content-type']?.startsWith('application/x-www-form-urlencoded')) {
    const text = `<ErrorResponse><Error><Code>${error.code}</Code><Message>${escapeXml(error.message)}</Message></Error><RequestId>${requestId}</RequestId></ErrorResponse>`;
    return { status: error.status, headers: { 'content-type': 'text/xml' }, body: Buffer.from(text) };
  }
  return {
    status: error.status,
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amzn-errortype': error.code,
      'x-amzn-requestid': requestId,
    },
    // REST JSON services say `message`, some older ones `Message`: SDKs read either.
    body: Buffer.from(JSON.stringify({ __type: error.code, message: error.message, Message: error.message })),
  };
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
