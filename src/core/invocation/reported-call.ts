/** What an invocation reports of a call, and what the quota is charged for it. */
import { reservationOf, spentBy } from '../budgets/spending.ts';
import { budgetCounters } from '../lane/budget-counters.ts';
import { countersOf } from '../lane/call-counters.ts';
import { type CallReport, slotOf } from '../lane/call-report.ts';
import { burndownOf } from '../lane/catalog/catalog.ts';
import type { Counters } from '../lane/counters.ts';
import type { RequestRecord, Usage } from '../request/record.ts';
import type { ModelError, ModelErrorKind } from './errors.ts';
import type { InvocationPorts } from './outcome.ts';

/** A release on its way through: where it came from, and what its record says with its claim. */
export interface Run {
  lane: string;
  releasedAt: number;
  record: RequestRecord;
  probe?: true;
  /** When the call was sent, epoch milliseconds. */
  sentAt?: number;
  /** What its lane has been told of its start, epoch milliseconds. */
  startedBy?: number;
}

export function reportNotStarted(ports: InvocationPorts, run: Run): Promise<void> {
  return report(ports, run, { end: 'not_started', finishedAt: ports.clock.now(), chargedTokens: 0 });
}

export type Reported = Pick<CallReport, 'end' | 'startedAt' | 'finishedAt' | 'chargedTokens'> &
  Partial<Pick<CallReport, 'served' | 'inputTokens' | 'outputTokens' | 'truncated' | 'wonBackTokens'>> & {
    usage?: Usage;
  };

/** Tells the call's lane what became of it. */
export async function report(
  { reports }: InvocationPorts,
  { lane, releasedAt, record, probe, startedBy }: Run,
  { usage, ...call }: Reported,
): Promise<void> {
  const { priority, tenant, expected_tokens: expectedTokens } = record;
  const counters = countersOf({
    releasedAt,
    reservedTokens: record.reserved_tokens ?? 0,
    estimatedInputTokens: record.input_tokens,
    inputKind: record.input_kind,
    inputTokens: 0,
    outputTokens: 0,
    modelId: record.model_id,
    task: record.task,
    tenant,
    served: expectedTokens === undefined ? undefined : { priority, expectedTokens },
    probe,
    startedBy,
    promise: promiseOf(record, releasedAt),
    ...call,
  });
  const ofBudget = record.budgeted ? budgetCountersOf(record, usage, call.chargedTokens > 0) : {};
  await reports.add(lane, slotOf(releasedAt), { ...counters, ...ofBudget });
}

/** A request that is released again has had its start. */
function promiseOf(
  { generation, promised_start_at }: RequestRecord,
  releasedAt: number,
): CallReport['promise'] {
  if (generation !== 1 || promised_start_at === undefined) return undefined;
  return releasedAt <= promised_start_at ? 'kept' : 'broken';
}

function budgetCountersOf(record: RequestRecord, usage: Usage | undefined, isCharged: boolean): Counters {
  const { lane, tenant, reserved_tokens = 0, granted_max_tokens = 0 } = record;
  const reserved = reservationOf(lane, reserved_tokens, granted_max_tokens);
  const spent = spentBy(lane, reserved, usage, isCharged);
  return budgetCounters(tenant, { ended: 1, reserved, spent });
}

/** What the quota is charged in the end; unknown usage counts as all that was reserved. */
export function chargeOf(record: RequestRecord, usage: Usage | undefined): number {
  if (usage === undefined) return record.reserved_tokens ?? 0;
  return usage.input_tokens + (usage.cache_write_tokens ?? 0) + usage.output_tokens * burndownOf(record.lane);
}

/** Bedrock may have served such a call, or a part of it. */
const CHARGE_UNKNOWN: ReadonlySet<ModelErrorKind> = new Set(['transient', 'faulted', 'timed_out']);

/**
 * What a call that failed counts of the quota. Bedrock does not charge what it refuses. At the end of a request it replaces the
 * reservation by what was used: of a call that it ended with a server error, the input at most (as reserved: by its estimate and
 * what others like it turned out to be). Where a call may have been served, or still is, the reservation runs out by itself.
 */
export function chargeOfFailed(
  { kind, isAnswer }: ModelError,
  { reserved_tokens = 0, granted_max_tokens = 0 }: RequestRecord,
): number {
  if (!CHARGE_UNKNOWN.has(kind)) return 0;
  return reserved_tokens - (kind === 'transient' && isAnswer ? granted_max_tokens : 0);
}
