import type { Call } from '../request/payload.ts';
import type { Usage } from '../request/record.ts';

/** A call whose body has the max tokens that the release allows. */
export interface ModelCall extends Call {
  modelId: string;
  /** Tells what model that is, where the id does not. */
  lane: string;
  /** The call is given up after this long. */
  timeoutMs: number;
}

export interface ModelAnswer {
  /** Bedrock's answer, JSON text as it came; an answer that is not JSON stands as base64 in an object. */
  body: string;
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
