import type { Operation } from './record.ts';

/** What travels through the Hold Next Batch queue: one release of one request. */
export interface HoldMessage {
  v: 1;
  request_id: string;
  /** The generation that this release gave the record. */
  generation: number;
  lane: string;
  /** Epoch milliseconds by the leader's clock. */
  released_at: number;
}

/** What the calls bucket keeps of a request: the call itself. Binary content is base64. */
export type Payload =
  | { v: 1; operation: Extract<Operation, 'converse'>; converse: Record<string, unknown> }
  | {
      v: 1;
      operation: Extract<Operation, 'invoke_model'>;
      invoke_model: { body: unknown; content_type: string; accept: string };
    };
