/** HTTP as the gateway handles it: whole requests, and whole answers unless somebody streams. */
import type { Readable } from 'node:stream';

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

export function parseJsonBody(body: Buffer): Record<string, unknown> {
  return body.length === 0 ? {} : JSON.parse(body.toString());
}
