/**
 * How an invocation reports one call to its lane: a flat set of counters, added atomically to the slot of the
 * call's release. Counters only ever give capacity back early; a lost report costs a minute of its reservation.
 */

/** Width of a slot of releases. */
export const SLOT_MS = 500;

export function slotOf(releasedAt: number): number {
  return Math.floor(releasedAt / SLOT_MS);
}

/** What became of one release. */
export type CallEnd =
  | 'settled'
  /** Not started: too late, or the record had moved on. */
  | 'not_started'
  | 'throttled'
  | 'throttled_daily'
  | 'transient'
  | 'invalid'
  | 'denied';

export interface CallReport {
  end: CallEnd;
  releasedAt: number;
  /** Epoch milliseconds when the call was sent; absent if it was not. */
  startedAt?: number;
  finishedAt: number;
  reservedTokens: number;
  /** Charged by Bedrock in the end, burndown included. */
  chargedTokens: number;
  /** For learning: what was estimated and what it was. */
  estimatedInputTokens: number;
  inputTokens: number;
  outputTokens: number;
}

export function countersOf(report: CallReport): Record<string, number> {
  const counters: Record<string, number> = {
    ended: 1,
    [report.end]: 1,
    reserved: report.reservedTokens,
    charged: report.chargedTokens,
  };
  if (report.startedAt !== undefined) {
    counters.started = 1;
    counters.start_delay_ms = report.startedAt - report.releasedAt;
    counters.duration_ms = report.finishedAt - report.startedAt;
  }
  if (report.end === 'settled') {
    counters.estimated_input = report.estimatedInputTokens;
    counters.input = report.inputTokens;
    counters.output = report.outputTokens;
  }
  return counters;
}
