/** Requests of a workload as the smoother sees them. A payload is made up when it is read: memory stays flat. */

import { laneOf } from '../../core/lane/catalog/catalog.ts';
import type { Limits } from '../../core/lane/catalog/limits.ts';
import { groupName } from '../../core/request/groups.ts';
import { backlogKey } from '../../core/request/keys.ts';
import type { Payload } from '../../core/request/payload.ts';
import type { RequestRecord, Usage } from '../../core/request/record.ts';
import type { QuotaLimits } from '../../local/bedrock/accounting.ts';
import { resolveModel } from '../../local/bedrock/models.ts';
import type { Truth } from './virtual-bedrock.ts';
import type { Arrival } from './workload.ts';

const LONGEST_WAIT_MS = 24 * 3_600_000;
const BYTES_PER_TOKEN = 4;

/** The record that ingestion writes. Its id is its place in the workload. */
export function newRecord(
  index: number,
  arrival: Arrival,
  times: { sentAt: number; acceptedAt: number },
  estimatedTokens: number,
): RequestRecord {
  const { modelId, priority, tenant, maxTokens, opening = index } = arrival;
  const { sentAt, acceptedAt } = times;
  const lane = laneOf(modelId);
  const queue = backlogKey({ lane, priority, tenant, shard: 0 });
  return {
    v: 1,
    request_id: String(index),
    status: 'RECEIVED',
    generation: 0,
    nonce: '',
    lane,
    model_id: modelId,
    operation: 'converse',
    priority,
    tenant,
    task: groupName(opening, maxTokens),
    accepted_at: acceptedAt,
    deadline_at: acceptedAt + LONGEST_WAIT_MS,
    has_deadline: false,
    content_hash: '',
    payload_key: payloadKeyOf(index, maxTokens),
    input_tokens: estimatedTokens,
    input_bytes: estimatedTokens * BYTES_PER_TOKEN,
    ...(maxTokens !== undefined && { max_tokens: maxTokens }),
    queue,
    arrival: sentAt,
    backlog_key: queue,
    backlog_order: sentAt,
    attempts: 0,
    failures: 0,
    throttles: 0,
  };
}

/** All that a payload is made of. */
function payloadKeyOf(index: number, maxTokens?: number): string {
  return maxTokens === undefined ? String(index) : `${index}/${maxTokens}`;
}

export function payloadOf(key: string): Uint8Array {
  const [index = '', maxTokens] = key.split('/');
  const payload: Payload = {
    v: 1,
    operation: 'converse',
    converse: {
      messages: [{ role: 'user', content: [{ text: index }] }],
      ...(maxTokens !== undefined && { inferenceConfig: { maxTokens: Number(maxTokens) } }),
    },
  };
  return new TextEncoder().encode(JSON.stringify(payload));
}

/** The id of the request whose payload it is. */
export function idOfPayload(payload: Payload): string {
  const messages = payload.operation === 'converse' ? payload.converse.messages : undefined;
  return (messages as [{ content: [{ text: string }] }] | undefined)?.[0].content[0].text ?? '';
}

export function truthOf({ modelId, priority, inputTokens, outputTokens, refusal }: Arrival): Truth {
  const rule = RULES.get(modelId) ?? { lane: laneOf(modelId), burndown: resolveModel(modelId).burndown };
  RULES.set(modelId, rule);
  return { ...rule, priority, inputTokens, outputTokens, refusal };
}

/** How a model's calls are counted, which is asked several times for each request. Workloads have few models. */
const RULES = new Map<string, Pick<Truth, 'lane' | 'burndown'>>();

/** What Bedrock will charge for the whole answer. */
export function expectedCharge(arrival: Arrival): number {
  const { inputTokens, outputTokens, burndown } = truthOf(arrival);
  return inputTokens + Math.min(outputTokens, arrival.maxTokens ?? outputTokens) * burndown;
}

/** What Bedrock charged for an answer. */
export function chargeOf(usage: Usage, arrival: Arrival): number {
  return usage.input_tokens + usage.output_tokens * truthOf(arrival).burndown;
}

/** A quota as Service Quotas tells it. */
export function asLimits({ requestsPerMinute, tokensPerMinute }: QuotaLimits): Limits {
  return {
    ...(requestsPerMinute !== undefined && { requests_per_minute: requestsPerMinute }),
    ...(tokensPerMinute !== undefined && { tokens_per_minute: tokensPerMinute }),
  };
}
