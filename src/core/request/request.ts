import { canonicalJson } from './canonical.ts';
import { sha256 } from './keys.ts';
import type { Payload } from './payload.ts';
import type { Priority } from './record.ts';

/** A request as the producer means it, in one form for all ways to write it. */
export interface Request {
  request_id?: string;
  record_id?: string;
  model_id: string;
  priority: Priority;
  tenant: string;
  task?: string;
  max_wait_seconds?: number;
  /** ISO 8601. */
  deadline?: string;
  /** It is not taken when it is not expected to start by its deadline. Absent means that it is. */
  if_too_late?: 'refuse';
  /** Absent means false. */
  accept_truncated?: true;
  /** `record`, or a results queue of its own. Absent: the shared queue. */
  results?: string;
  /** JSON. */
  metadata?: unknown;
  call: Payload;
  /** The text of what is sent: the `body` of a Call. */
  body: string;
}

/** Requests of the same content are the same request, whatever the order of their fields. */
export function contentHash({ request_id: _, body: __, ...content }: Request): string {
  return sha256(canonicalJson(content));
}
