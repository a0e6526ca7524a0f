/** HTTP as the gateway handles it: whole requests, and whole answers unless somebody streams. */
import type { Readable } from 'node:stream';
import { ServiceError } from './errors.ts';

export interface GatewayRequest {
  method: string;
  /** As on the wire, still escaped, without the query. */
  path: string;
  query: URLSearchParams;
  /** Lower-case names. */
  headers: Record<string, string>;
  body: Buffer;
}

export interface GatewayResponse {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
}

/** An answer that is passed on while it is being written. */
export interface StreamedResponse extends Omit<GatewayResponse, 'body'> {
  body: Readable;
}

export function jsonResponse(
  body: unknown,
  status = 200,
  headers: Record<string, string> = {},
): GatewayResponse {
  return {
    status,
    headers: { 'content-type': 'application/x-amz-json-1.0', ...headers },
    body: Buffer.from(JSON.stringify(body)),
  };
}

/** @throws ServiceError as AWS answers what is no JSON object */
export function parseJsonBody(body: Buffer): Record<string, unknown> {
  const code = 'SerializationException';
  const value = parseJson(body, code);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new ServiceError(code, 400, 'The body of the request must be a JSON object.');
}

/** @throws ServiceError with the code, for what is not JSON */
export function parseJson(body: Buffer, code: string): unknown {
  if (body.length === 0) return {};
  try {
    return JSON.parse(body.toString());
  } catch (error) {
    throw new ServiceError(code, 400, `The body of the request is not JSON: ${(error as Error).message}`);
  }
}
