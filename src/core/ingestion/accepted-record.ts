import { laneOf, outputLimitOf } from '../lane/catalog/catalog.ts';
import type { ExpectedStart } from '../lane/expected-start.ts';
import { groupOf } from '../request/groups.ts';
import { mediaBytesOfAnswer } from '../request/invoke-bodies.ts';
import { backlogKey, dueKey, payloadKey } from '../request/keys.ts';
import { requestedOutput } from '../request/max-tokens.ts';
import { knownAs, type Profiles, profileOfTenant, type TenantProfiles } from '../request/model-id.ts';
import type { RequestRecord } from '../request/record.ts';
import { contentHash, type Request } from '../request/request.ts';
import type { InputEstimate } from '../request/tokens.ts';

/** What the record needs to know beside the request itself. */
export interface Acceptance {
  requestId: string;
  messageId: string;
  acceptedAt: number;
  /** When the producer sent it: its place in the backlog. */
  sentAt: number;
  longestWaitSeconds: number;
  profiles?: Profiles;
  tenantProfiles?: TenantProfiles;
  input: InputEstimate;
  source?: { key: string; version_id?: string };
  /** Chooses the backlog's shard for a queue. */
  shardOf(queue: string): number;
}

/** With what is promised of its start, if anything. */
export function promised(record: RequestRecord, start: ExpectedStart | undefined): RequestRecord {
  if (start === undefined || start.p95 === Number.POSITIVE_INFINITY) return record;
  const { p50, p95 } = start;
  const { accepted_at } = record;
  return {
    ...record,
    expected_start_at: Math.round(accepted_at + p50),
    promised_start_at: Math.round(accepted_at + p95),
  };
}

/** The first record of a request: RECEIVED, in the backlog. Times in epoch milliseconds. */
export function acceptedRecord(request: Request, arrival: Acceptance): RequestRecord {
  const { requestId, acceptedAt, sentAt } = arrival;
  const { model_id, priority, tenant, call, max_wait_seconds: wait, metadata } = request;
  const model = knownAs(model_id, arrival.profiles);
  const lane = laneOf(model);
  const ownProfile = profileOfTenant(tenant, model_id, arrival.tenantProfiles);
  const partition = { lane, priority, tenant, shard: 0 };
  const queue = backlogKey({ ...partition, shard: arrival.shardOf(backlogKey(partition)) });
  const { tokens, kind, bytes } = arrival.input;
  const { maxTokens, thinkingTokens } = requestedOutput(model_id, lane, call);
  const hash = contentHash(request);
  const hasDeadline = wait !== undefined || request.deadline !== undefined;
  const deadline = Math.min(
    acceptedAt + (wait ?? arrival.longestWaitSeconds) * 1000,
    request.deadline === undefined ? Number.POSITIVE_INFINITY : Date.parse(request.deadline),
  );
  return {
    v: 1,
    request_id: requestId,
    status: 'RECEIVED',
    generation: 0,
    nonce: arrival.messageId,
    lane,
    model_id: ownProfile ?? model_id,
    asked_model_id: ownProfile === undefined ? undefined : model_id,
    operation: call.operation,
    priority,
    tenant,
    task: request.task ?? groupOf(request),
    record_id: request.record_id,
    metadata: metadata === undefined ? undefined : JSON.stringify(metadata),
    results: request.results,
    accepted_at: acceptedAt,
    deadline_at: deadline,
    has_deadline: hasDeadline,
    content_hash: hash,
    payload_key: payloadKey(requestId, hash, Buffer.byteLength(request.body)),
    source: arrival.source,
    input_tokens: tokens,
    input_kind: kind === 'text' ? undefined : kind,
    input_bytes:
      bytes + (call.operation === 'converse' ? 0 : mediaBytesOfAnswer(lane, call.invoke_model.body)),
    max_tokens: maxTokens === 'model maximum' ? outputLimitOf(lane) : maxTokens,
    thinking_tokens: thinkingTokens,
    accept_truncated: request.accept_truncated,
    queue,
    arrival: sentAt,
    backlog_key: queue,
    backlog_order: sentAt,
    ...(!hasDeadline ? {} : { due_key: dueKey(lane, requestId), due_at: deadline }),
    attempts: 0,
    failures: 0,
    throttles: 0,
  };
}
