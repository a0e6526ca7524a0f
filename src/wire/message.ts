/** Requests and answers of the API as HTTP carries them. */
import { randomUUID } from 'node:crypto';
import { BedrockError } from './errors.ts';
import { encodeJson, isDeeper, isObject, type JsonObject, parseJson } from './json.ts';
import type { HttpRequest, HttpResponse } from './listener.ts';

/** InvokeModel's own limit on a body; Converse requests are held to the same. */
export const MAX_BODY_BYTES = 25_000_000;

/** Far more than any request has. What handles a body calls itself once or more for each level. */
const MAX_LEVELS = 1_000;

/** @throws BedrockError when the body is too large or not a JSON object */
export async function readBody(request: HttpRequest): Promise<JsonObject> {
  return parseBody(await readText(request));
}

/** @throws BedrockError when the body is too large */
export async function readText(request: HttpRequest): Promise<string> {
  const text = await readUpTo(MAX_BODY_BYTES, request);
  if (text !== undefined) return text;
  throw new BedrockError('ValidationException', `Request body exceeds ${MAX_BODY_BYTES} bytes`);
}

/**
 * Undefined when the body has more bytes. It is read to its end all the same: a caller that is cut off while it sends sees no
 * answer.
 */
export async function readUpTo(mostBytes: number, request: HttpRequest): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length <= mostBytes) chunks.push(chunk);
  }
  return length > mostBytes ? undefined : Buffer.concat(chunks).toString();
}

/** @throws BedrockError when the text is not a JSON object, or is nested too deeply to be handled */
export function parseBody(text: string): JsonObject {
  if (isDeeper(text, MAX_LEVELS)) {
    throw new BedrockError('ValidationException', `The input is nested deeper than ${MAX_LEVELS} levels.`);
  }
  try {
    const body = parseJson(text);
    if (isObject(body)) return body;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new BedrockError(
    'ValidationException',
    'Malformed input request, please reformat your input and try again.',
  );
}

export function sendJson(
  response: HttpResponse,
  status: number,
  body: object,
  headers: Record<string, string> = {},
): void {
  if (response.destroyed) return;
  response.writeHead(status, { 'content-type': 'application/json', ...requestId(), ...headers });
  response.end(encodeJson(body));
}

export function sendError(response: HttpResponse, error: BedrockError): void {
  sendJson(response, error.httpStatus, { message: error.message }, { 'x-amzn-errortype': error.type });
}

/** Begins an answer that is written in parts. */
export function beginStream(
  response: HttpResponse,
  contentType: string,
  headers: Record<string, string> = {},
): void {
  if (response.destroyed) return;
  response.writeHead(200, { 'content-type': contentType, ...requestId(), ...headers });
}

function requestId(): Record<string, string> {
  return { 'x-amzn-requestid': randomUUID() };
}
