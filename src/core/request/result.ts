import type { Outcome, Output, RequestError, RequestRecord, Usage } from './record.ts';
import { isOutcome, UNKNOWN_MODEL } from './record.ts';

/** The message that a producer finds in the Results queue: exactly what was committed. */
export interface ResultMessage {
  v: 1;
  request_id: string;
  status: Outcome;
  model_id?: string;
  record_id?: string;
  tenant?: string;
  priority?: number;
  output?: Output;
  stop_reason?: string;
  /** The answer was cut at so many tokens, and it was the smoother's choice; absent where the producer set them. */
  truncated_at?: number;
  usage?: Usage;
  timings: {
    /** Epoch milliseconds. */
    accepted: number;
    released?: number;
    started?: number;
    finished: number;
    /** Accepted → sent to Bedrock. */
    wait_ms?: number;
    /** Bedrock's own. */
    latency_ms?: number;
  };
  /** Calls made to Bedrock. */
  attempts: number;
  error?: RequestError;
  metadata?: unknown;
}

export interface Results {
  send(result: ResultMessage): Promise<void>;
}

/** The same record gives the same result, byte for byte: a result sent twice is identical. */
export function resultOf(record: RequestRecord): ResultMessage {
  if (!isOutcome(record.status) || record.finished_at === undefined) {
    throw new Error(`${record.request_id} has no outcome: ${record.status}`);
  }
  const timings: ResultMessage['timings'] = {
    accepted: record.accepted_at,
    released: record.released_at,
    started: record.started_at,
    finished: record.finished_at,
    wait_ms: record.started_at === undefined ? undefined : record.started_at - record.accepted_at,
    latency_ms: record.latency_ms,
  };
  return {
    v: 1,
    request_id: record.result_id ?? record.request_id,
    status: record.status,
    model_id: record.model_id === UNKNOWN_MODEL ? undefined : record.model_id,
    record_id: record.record_id,
    tenant: record.tenant,
    priority: record.priority,
    output: record.output,
    stop_reason: record.stop_reason,
    truncated_at: record.truncated_at,
    usage: record.usage,
    timings,
    attempts: record.attempts,
    error: record.error,
    metadata: record.metadata === undefined ? undefined : JSON.parse(record.metadata),
  };
}
