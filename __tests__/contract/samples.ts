import { randomUUID } from 'node:crypto';
import { backlogKey, dueKey, sha256 } from '../../src/core/request/keys.ts';
import type { RequestRecord } from '../../src/core/request/record.ts';

/** A lane that no other test uses. */
export function newLane(): string {
  return `lane-${randomUUID()}`;
}

/** A waiting request of this lane; with `deadline_at` given, it has a deadline of its own. */
export function waiting(lane: string, fields: Partial<RequestRecord> = {}): RequestRecord {
  const request_id = fields.request_id ?? randomUUID();
  const accepted_at = fields.accepted_at ?? 1_000_000;
  const queue = backlogKey({
    lane,
    priority: fields.priority ?? 3,
    tenant: fields.tenant ?? 'default',
    shard: 0,
  });
  return {
    v: 1,
    request_id,
    status: 'RECEIVED',
    generation: 0,
    nonce: '',
    lane,
    model_id: 'amazon.nova-lite-v1:0',
    operation: 'converse',
    priority: 3,
    tenant: 'default',
    accepted_at,
    deadline_at: accepted_at + 86_400_000,
    has_deadline: false,
    content_hash: sha256(request_id),
    payload_key: `payloads/${request_id}.json`,
    input_tokens: 120,
    input_bytes: 480,
    queue,
    arrival: accepted_at,
    backlog_key: queue,
    backlog_order: accepted_at,
    attempts: 0,
    failures: 0,
    throttles: 0,
    ...(fields.deadline_at !== undefined && {
      has_deadline: true,
      due_key: dueKey(lane, request_id),
      due_at: fields.deadline_at,
    }),
    ...fields,
  };
}
