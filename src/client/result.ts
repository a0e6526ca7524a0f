import type { Operation, Outcome } from '../core/request/record.ts';
import type { ResultMessage } from '../core/request/result.ts';
import { parseJson } from '../wire/json.ts';
import { decodeBinaries } from './binary.ts';
import type { ClientPorts } from './ports.ts';

/** How a request ended. Times in milliseconds; docs/messages.md, "Result message". */
export interface Result {
  requestId: string;
  status: Outcome;
  /**
   * Bedrock's answer: that of Converse as the SDK gives it (binary content as `Uint8Array`), or the body of InvokeModel as
   * JSON (`{ base64 }` for what is not JSON). Integers beyond ±2^53 are bigints, which JSON.stringify does not take. Absent
   * without an answer.
   */
  output?: unknown;
  stopReason?: string;
  /** The answer was cut at so many tokens, by the smoother's own choice of max tokens. */
  truncatedAt?: number;
  usage?: { inputTokens: number; outputTokens: number; cacheReadTokens?: number; cacheWriteTokens?: number };
  /** Epoch milliseconds, but for `waitMs` (accepted to sent) and `latencyMs` (Bedrock's own measure). */
  timings: {
    accepted: number;
    released?: number;
    started?: number;
    finished: number;
    waitMs?: number;
    latencyMs?: number;
  };
  /** Calls made to Bedrock, throttled ones included. */
  attempts: number;
  modelId?: string;
  tenant?: string;
  priority?: number;
  /** `recordId` of a batch-inference record. */
  recordId?: string;
  /** Why there is no answer. `type` is ours or the name of Bedrock's exception: docs/messages.md, "Errors". */
  error?: { type: string; message: string };
  metadata?: unknown;
}

/**
 * The result of a message, in the words of JavaScript.
 * @param fetchOutput gets an answer that is not in the message
 * @param operation decides how binary content is given; absent: as it stands
 */
export async function resultFrom(
  message: ResultMessage,
  fetchOutput: ClientPorts['output'],
  operation?: Operation,
): Promise<Result> {
  const body = await bodyOf(message, fetchOutput);
  const { usage, timings, record_id, request_id, model_id, stop_reason, truncated_at, ...same } = message;
  const { v: _, output: __, ...common } = same;
  const { wait_ms: waitMs, latency_ms: latencyMs, ...times } = timings;
  return {
    ...common,
    requestId: request_id,
    modelId: model_id,
    recordId: record_id,
    output: operation === 'converse' ? decodeBinaries(body) : body,
    stopReason: stop_reason,
    truncatedAt: truncated_at,
    usage: usage && {
      inputTokens: usage.input_tokens,
      outputTokens: usage.output_tokens,
      cacheReadTokens: usage.cache_read_tokens,
      cacheWriteTokens: usage.cache_write_tokens,
    },
    timings: { ...times, waitMs, latencyMs },
  };
}

async function bodyOf({ output }: ResultMessage, fetchOutput: ClientPorts['output']): Promise<unknown> {
  if (output === undefined || 'body' in output) return output?.body;
  return parseJson(new TextDecoder().decode(await fetchOutput(output)));
}
