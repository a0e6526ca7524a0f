import type { Payload } from '../request/hold-message.ts';
import type { Usage } from '../request/record.ts';

export interface ModelCall {
  modelId: string;
  /** Tells what model that is, where the id does not. */
  lane: string;
  /** Carries the max tokens that the release allows. */
  payload: Payload;
  /** The call is given up after this long. */
  timeoutMs: number;
}

export interface ModelAnswer {
  /** Bedrock's answer as JSON; binary content is base64. */
  output: unknown;
  stopReason?: string;
  /** Absent when the answer does not tell. */
  usage?: Usage;
  /** Bedrock's own measure. */
  latencyMs?: number;
}

export interface ModelRuntime {
  /** One call, never repeated here. Rejects with ModelError when Bedrock refuses, fails, or does not answer in time. */
  call(call: ModelCall): Promise<ModelAnswer>;
}
