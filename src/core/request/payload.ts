/** The call that a request is for: as an object to look into, and as the text that is stored and sent. */
import { type Abridged, inFull } from './abridged.ts';
import { checked } from './checked.ts';
import { MalformedError } from './errors.ts';
import { JsonText } from './json-text.ts';
import type { Operation } from './record.ts';
import { known } from './versions.ts';

/** InvokeModel's parameters beside the body. Those but the first two have Bedrock's own names. */
export interface InvokeParameters {
  content_type: string;
  accept: string;
  guardrailIdentifier?: string;
  guardrailVersion?: string;
  trace?: 'ENABLED' | 'DISABLED' | 'ENABLED_FULL';
  performanceConfigLatency?: 'standard' | 'optimized';
  serviceTier?: 'priority' | 'default' | 'flex' | 'reserved';
  requestMetadata?: Record<string, string>;
}

/** What the calls bucket keeps of a request, read. Binary content is base64. */
export type Payload = ConversePayload | InvokePayload;

interface ConversePayload {
  v: 1;
  operation: Extract<Operation, 'converse'>;
  converse: Record<string, unknown>;
}

interface InvokePayload {
  v: 1;
  operation: Extract<Operation, 'invoke_model'>;
  invoke_model: InvokeParameters & { body: unknown };
}

export interface Call {
  /** As the producer asked for it. */
  payload: Payload;
  /** What is sent, in the producer's own text: a Converse request without its model id, or an InvokeModel body. */
  body: string;
  /** Long strings of the body, which stand in it as numbers. Absent where it is whole. */
  strings?: Abridged['strings'];
}

/** The text that the calls bucket keeps. */
export function payloadText({ payload, body }: Call): string {
  const { v, operation } = payload;
  const head = `{"v":${v},"operation":"${operation}"`;
  if (payload.operation === 'converse') return `${head},"converse":${body}}`;
  const { body: _, ...parameters } = payload.invoke_model;
  return `${head},"invoke_model":{"body":${body},${JSON.stringify(parameters).slice(1)}}`;
}

/**
 * An object of the calls bucket.
 * @throws {UnknownVersionError} @throws {MalformedError}
 */
export function readPayload(bytes: Uint8Array): Call {
  return callIn(new TextDecoder().decode(bytes));
}

/**
 * The same without its long strings, which only `bodyBytes` puts back: neither `payload` nor `body` is whole.
 * @throws {UnknownVersionError} @throws {MalformedError}
 */
export function readAbridged({ text, strings }: Abridged): Call {
  return { ...callIn(text), strings };
}

/** What Bedrock is sent. */
export function bodyBytes({ body, strings }: Pick<Call, 'body' | 'strings'>): Buffer {
  return strings === undefined ? Buffer.from(body) : inFull({ text: body, strings });
}

function callIn(text: string): Call {
  const payload = payloadOf(JSON.parse(text));
  const path = payload.operation === 'converse' ? ['converse'] : ['invoke_model', 'body'];
  const body = new JsonText(text).at(path);
  if (body === undefined) throw new MalformedError('payload', path.join('.'), 'object', 'undefined');
  return { payload, body };
}

function payloadOf(value: unknown): Payload {
  const { operation } = known<Pick<Payload, 'v' | 'operation'>>('payload', value, {
    v: 'number',
    operation: 'string',
  });
  return operation === 'converse'
    ? checked<ConversePayload>('payload', value, { v: 'number', operation: 'string', converse: 'object' })
    : checked<InvokePayload>('payload', value, { v: 'number', operation: 'string', invoke_model: 'object' });
}
