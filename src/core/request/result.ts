import type {
  Outcome,
  Output,
  RejectionRecord,
  RequestError,
  RequestRecord,
  StoredRecord,
  Usage,
} from './record.ts';
import { askedModelOf, isOutcome } from './record.ts';

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

/** How earlier releases wrote that a rejected message named no usable model. */
const NO_MODEL = 'unknown';

export interface Results {
  /**
   * @param queue a results queue of its own; the shared one when absent
   * @throws ResultsQueueError when there is no such queue, or it may not be used
   */
  send(result: ResultMessage, queue?: string): Promise<void>;
}

/** A results queue that a request asked for is gone. Other results are not concerned. */
export class ResultsQueueError extends Error {
  override readonly name = 'ResultsQueueError';
  constructor(
    readonly queue: string,
    options?: ErrorOptions,
  ) {
    super(`There is no results queue ${queue}, or it may not be used`, options);
  }
}

/** The same record gives the same result, byte for byte: a result sent twice is identical. */
export function resultOf(record: StoredRecord): ResultMessage {
  const { status, accepted_at, finished_at, metadata } = record;
  if (record.status === 'CANCEL_REQUESTED' || !isOutcome(status) || finished_at === undefined) {
    throw new Error(`${record.request_id} has no outcome: ${status}`);
  }
  const rejected = record.status === 'REJECTED';
  const called: Partial<RequestRecord> = rejected ? {} : record;
  const { started_at } = called;
  return {
    v: 1,
    request_id: rejected ? record.result_id : record.request_id,
    status,
    model_id: rejected ? namedModelOf(record) : askedModelOf(record),
    record_id: record.record_id,
    tenant: record.tenant,
    priority: record.priority,
    output: called.output,
    stop_reason: called.stop_reason,
    truncated_at: called.truncated_at,
    usage: called.usage,
    timings: {
      accepted: accepted_at,
      released: called.released_at,
      started: started_at,
      finished: finished_at,
      wait_ms: started_at === undefined ? undefined : started_at - accepted_at,
      latency_ms: called.latency_ms,
    },
    attempts: record.attempts,
    error: record.error,
    metadata: metadata === undefined ? undefined : JSON.parse(metadata),
  };
}

function namedModelOf({ model_id }: RejectionRecord): string | undefined {
  return model_id === NO_MODEL ? undefined : model_id;
}
