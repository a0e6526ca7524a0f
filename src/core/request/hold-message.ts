import { checked } from './checked.ts';
import type { Operation } from './record.ts';
import { known } from './versions.ts';

/** Releases that one worker runs concurrently. */
export const BUNDLE_SIZE = 10;

/** One release of one request: the generation is the one that this release gave the record. */
export interface Release {
  request_id: string;
  generation: number;
  /** The lane is stopped, and this call finds out whether Bedrock serves it again: a fault is not the request's. */
  probe?: true;
}

/**
 * What travels through the Hold Next Batch queue: a bundle of releases for one worker. A queue may split a batch of
 * messages over as many workers as it likes; a bundle stays together, so the leader knows how many workers it occupies.
 */
export interface HoldMessage {
  v: 1;
  lane: string;
  /** Epoch milliseconds by the leader's clock, of all releases in it. */
  released_at: number;
  releases: Release[];
}

/** What the calls bucket keeps of a request: the call itself. Binary content is base64. */
export type Payload = ConversePayload | InvokePayload;

interface ConversePayload {
  v: 1;
  operation: Extract<Operation, 'converse'>;
  converse: Record<string, unknown>;
}

interface InvokePayload {
  v: 1;
  operation: Extract<Operation, 'invoke_model'>;
  invoke_model: { body: unknown; content_type: string; accept: string };
}

/**
 * A message of the Hold Next Batch queue.
 * @throws {UnknownVersionError} @throws {MalformedError}
 */
export function readHoldMessage(body: string): HoldMessage {
  const message = known<HoldMessage>('hold message', JSON.parse(body), {
    v: 'number',
    lane: 'string',
    released_at: 'number',
    releases: 'object',
  });
  for (const release of message.releases) {
    checked<Release>('hold message', release, { request_id: 'string', generation: 'number' });
  }
  return message;
}

/**
 * An object of the calls bucket.
 * @throws {UnknownVersionError} @throws {MalformedError}
 */
export function readPayload(bytes: Uint8Array): Payload {
  const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
  const { operation } = known<Pick<Payload, 'v' | 'operation'>>('payload', value, {
    v: 'number',
    operation: 'string',
  });
  return operation === 'converse'
    ? checked<ConversePayload>('payload', value, { v: 'number', operation: 'string', converse: 'object' })
    : checked<InvokePayload>('payload', value, { v: 'number', operation: 'string', invoke_model: 'object' });
}
