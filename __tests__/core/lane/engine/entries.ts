import { backlogKey } from '../../../../src/core/request/keys.ts';
import type { BacklogEntry } from '../../../../src/core/request/ports.ts';

/** A waiting request with sensible fields; `order` sets its place and, unless said, its id. */
export function entryOf(order: number, fields: Partial<BacklogEntry> = {}): BacklogEntry {
  const entry = {
    request_id: `r${order}`,
    generation: 0,
    backlog_order: order,
    lane: 'amazon.nova-lite:on-demand',
    model_id: 'amazon.nova-lite-v1:0',
    priority: 3 as const,
    tenant: 'default',
    accepted_at: 0,
    deadline_at: Number.MAX_SAFE_INTEGER,
    input_tokens: 100,
    input_bytes: 400,
    max_tokens: 400,
    failures: 0,
    ...fields,
  };
  const { lane, priority, tenant } = entry;
  return { backlog_key: backlogKey({ lane, priority, tenant, shard: 0 }), ...entry };
}
