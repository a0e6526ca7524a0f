/** What an invocation reports of one call to its lane. In the lanes table it becomes counters: see call-counters.ts. */

import type { Priority } from '../request/record.ts';
import type { InputKind } from '../request/tokens.ts';

/** Width of a slot of releases. */
export const SLOT_MS = 500;
/** A bundle whose calls have not all ended after this long holds its worker, and tells whose calls they are. */
export const HELD_AFTER_MS = 5_000;

export function slotOf(releasedAt: number): number {
  return Math.floor(releasedAt / SLOT_MS);
}

/** What became of one release. `not_started`: too late, or its payload could not be read. */
export const CALL_ENDS = [
  'settled',
  'not_started',
  'throttled',
  'throttled_daily',
  'transient',
  'faulted',
  'timed_out',
  'invalid',
  'denied',
] as const;
export type CallEnd = (typeof CALL_ENDS)[number];

export interface CallReport {
  end: CallEnd;
  releasedAt: number;
  /** Epoch milliseconds when Bedrock counted the call, at the latest; absent if it was not sent. */
  startedAt?: number;
  /** What its worker has told of its start while it ran, epoch milliseconds. */
  startedBy?: number;
  finishedAt: number;
  reservedTokens: number;
  /**
   * Charged by Bedrock in the end, burndown included. 0 for a call that was refused; the reservation where it is not
   * known (the call was cut off or timed out).
   */
  chargedTokens: number;
  /** For learning, of settled calls: what was estimated and what it was. */
  estimatedInputTokens: number;
  inputTokens: number;
  /** Absent: text. */
  inputKind?: InputKind;
  outputTokens: number;
  /** The id that was called; of calls that Bedrock served, or denied because of their id. */
  modelId?: string;
  tenant: string;
  /** At what priority, and the charge that the release expected: the difference is made good. */
  served?: { priority: Priority; expectedTokens: number };
  /** It was released by the time, or after it, that was promised when its request was accepted. Of a first release. */
  promise?: 'kept' | 'broken';
  /** Its end says whether those who rest may go on. */
  probe?: boolean;
  /** The answer was cut by max tokens: it would have been at least this long. */
  truncated?: boolean;
  task?: string;
  /** Tokens not reserved because the smoother chose max tokens; of an answer that is run again, minus its charge. */
  wonBackTokens?: number;
}
