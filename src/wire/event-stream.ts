/**
 * Bedrock's streams: events in the `application/vnd.amazon.eventstream` format, framed by the SDK's own codec. Who
 * writes them decides what they say.
 */
import { EventStreamCodec } from '@smithy/core/event-streams';
import type { BedrockError } from './errors.ts';
import { encodeJson, type JsonObject } from './json.ts';

export const EVENT_STREAM_TYPE = 'application/vnd.amazon.eventstream';

const codec = new EventStreamCodec(
  (bytes) => Buffer.from(typeof bytes === 'string' ? bytes : new Uint8Array(bytes)).toString('utf8'),
  (text) => Buffer.from(text, 'utf8'),
);

/** One event of ConverseStream, such as `contentBlockDelta`. */
export function encodeEvent(type: string, payload: JsonObject): Uint8Array {
  return frame({ ':message-type': 'event', ':event-type': type }, encodeJson(payload));
}

/** One event of InvokeModelWithResponseStream: a part of the answer in the model's own form. */
export function encodeChunk(part: JsonObject): Uint8Array {
  return encodeEvent('chunk', { bytes: Buffer.from(encodeJson(part)).toString('base64') });
}

/** The end of a stream that fails after it began; the status has been sent by then. */
export function encodeException({ type, message }: BedrockError): Uint8Array {
  // As its member of the stream is called: `ThrottlingException` is `throttlingException`.
  const member = type.charAt(0).toLowerCase() + type.slice(1);
  return frame({ ':message-type': 'exception', ':exception-type': member }, encodeJson({ message }));
}

function frame(headers: Record<string, string>, body: string): Uint8Array {
  const all = { ...headers, ':content-type': 'application/json' };
  return codec.encode({
    headers: Object.fromEntries(
      Object.entries(all).map(([name, value]) => [name, { type: 'string' as const, value }]),
    ),
    body: Buffer.from(body),
  });
}
