/**
 * Reports of calls as counters, which the lanes table adds up, atomically, in the slot of the call's release. They only
 * ever give capacity back early; a lost report costs a minute of its reservation. This file writes the counters
 * and reads them again; no other file knows their names.
 */

import type { Priority } from '../request/record.ts';
import type { InputKind } from '../request/tokens.ts';
import { CALL_ENDS, type CallEnd, type CallReport, SLOT_MS, slotOf } from './call-report.ts';
import { type Counters, sumOf } from './counters.ts';
import { sizeBucketOf } from './size-buckets.ts';

/** Starts are counted by their place after the slot's begin, this finely: how exactly the ledger knows them. */
export const START_BIN_MS = 100;
/** What a call was charged beyond its reservation is counted by the call's end, this finely. */
export const DEBT_BIN_MS = 250;

/** Plain sums, by their stored names. */
const SUMS = [
  'ended',
  ...CALL_ENDS,
  'bundles_ended',
  'bundles_held',
  'reserved',
  'charged',
  'started',
  'start_delay_ms',
  'duration_ms',
  'estimated_input',
  'input',
  'input_error_squared',
  'output',
  'output_squared',
  'answer_ms',
  'answer_ms_by_output',
  'won_back',
  'promises_kept',
  'promises_broken',
] as const;
type Sum = (typeof SUMS)[number];
const ZEROS = Object.fromEntries(SUMS.map((name) => [name, 0])) as Record<Sum, number>;

/** A sum by time: bin b covers [b, b + 1) × the width of its kind, from the slot's begin. */
export type Bin = [bin: number, sum: number];

/** How many answers were of one size, in the lane or of one task. */
export interface AnswerSizes {
  /** See size-buckets.ts. */
  bucket: number;
  /** They were cut at this size. */
  cut: boolean;
  task?: string;
  count: number;
}

/** Ratios are counted in thousandths: counters are whole numbers. */
export const RATIO_UNIT = 1_000;

/** A report names so many tenants whose calls hold a worker, at most. */
const MOST_HOLDERS = 5;

/** Inputs that are mostly of one kind of media: their number, and sums of real by estimated tokens. */
const MEDIA_SUMS = ['calls', 'ratio', 'ratio_squared'] as const;
export type MediaSums = Readonly<Record<(typeof MEDIA_SUMS)[number], number>>;
const NO_MEDIA: MediaSums = { calls: 0, ratio: 0, ratio_squared: 0 };

/** What a priority's tenant was charged beyond what its releases expected. */
export interface Owed {
  priority: Priority;
  tenant: string;
  tokens: number;
}

/** How many calls of a tenant ended in one way. */
export type TenantCount = readonly [tenant: string, count: number];

/** What invocations have reported about one slot of releases, as the lanes table adds it up. */
export interface SlotTotals {
  /** Releases are grouped by time: slot = floor(released_at / SLOT_MS). */
  slot: number;
  counters: Counters;
}

/** The same, read. */
export interface SlotReport extends Readonly<Record<Sum, number>> {
  readonly slot: number;
  /** Calls, by when they started. */
  readonly starts: readonly Bin[];
  /** Calls that run, as far as a worker has told, by when they had started at the latest. */
  readonly running: readonly Bin[];
  /** Tokens charged within the reservations, by when the calls started. */
  readonly charges: readonly Bin[];
  /** Tokens charged beyond the reservations, by when the calls ended. */
  readonly debts: readonly Bin[];
  readonly answers: readonly AnswerSizes[];
  /** Inputs that are mostly media. The plain sums `estimated_input`, `input` and `input_error_squared` are of text. */
  readonly media: readonly (readonly [kind: InputKind, sums: MediaSums])[];
  readonly owed: readonly Owed[];
  /** Model ids of settled calls. */
  readonly servedModels: readonly string[];
  /** How often calls were denied because of their model id. */
  readonly deniedModels: readonly (readonly [modelId: string, count: number])[];
  /** Whose calls failed, in each of the two ways: the plain sums of the same names. */
  readonly transients: readonly TenantCount[];
  readonly faults: readonly TenantCount[];
  /** How probes of these tenants ended. */
  readonly probes: readonly { tenant: string; end: CallEnd }[];
  /** Whose calls have held workers for long, and hold them still; of each how many, parts of workers too. */
  readonly holders: readonly TenantCount[];
}

/** Names of the counters that are not plain sums: a kind and its parts, separated by dots. Only the last part may hold dots. */
const nameOf = {
  start: (bin: number) => `start.${bin}`,
  running: (bin: number) => `running.${bin}`,
  charge: (bin: number) => `charged.${bin}`,
  debt: (bin: number) => `debt.${bin}`,
  answer: (bucket: number, cut: boolean, task?: string) =>
    `${cut ? 'cut' : 'out'}.${bucket}${task === undefined ? '' : `.${task}`}`,
  media: (sum: keyof MediaSums, kind: InputKind) => `media.${sum}.${kind}`,
  owed: (priority: Priority, tenant: string) => `owed.${priority}.${tenant}`,
  model: (end: 'served' | 'denied', modelId: string) => `${end}.${modelId}`,
  failed: (end: 'transient' | 'faulted', tenant: string) => `${end}.${tenant}`,
  probe: (end: CallEnd, tenant: string) => `probe.${end}.${tenant}`,
  worker: (change: 'held' | 'freed', tenant: string) => `${change}.${tenant}`,
};

/**
 * Ends that may well be the call's own fault. They give nothing back of what the release was served with: otherwise a tenant
 * whose calls all fail would seem to have received nothing, and always be first.
 */
const FAILED_BY_CALL: ReadonlySet<CallReport['end']> = new Set([
  'invalid',
  'denied',
  'transient',
  'faulted',
  'timed_out',
]);

/** Counters of a bundle whose last release has ended: its worker is free. Added to the slot of its release. */
export const BUNDLE_ENDED = { bundles_ended: 1 } as const satisfies Partial<Record<Sum, number>>;

/** A call that its bundle waits for. */
export interface HoldingCall {
  tenant: string;
  /** It started by then, epoch milliseconds; absent if it may not have been sent yet. Its end is to report the same. */
  startedBy?: number;
}

/**
 * Counters of a bundle that runs for long: those whose calls it waits for hold its worker, each by the part of them that is theirs.
 * Their starts count now and not only with their ends, because Bedrock forgets a start after a minute.
 */
export function heldBy(slot: number, calls: readonly HoldingCall[]): Counters {
  const running = sumOf(...calls.map(({ startedBy }) => runningCounter(slot, startedBy, 1)));
  return { ['bundles_held' satisfies Sum]: 1, ...partsOf('held', calls), ...running };
}

function runningCounter(slot: number, startedBy: number | undefined, count: 1 | -1): Counters {
  if (startedBy === undefined) return {};
  return { [nameOf.running(binOf(startedBy - slot * SLOT_MS, START_BIN_MS))]: count };
}

/** Counters of such a bundle when its worker is free. */
export function freedBy(calls: readonly HoldingCall[]): Counters {
  return partsOf('freed', calls);
}

function partsOf(change: 'held' | 'freed', calls: readonly HoldingCall[]): Counters {
  const counts = new Map<string, number>();
  for (const { tenant } of calls) counts.set(tenant, (counts.get(tenant) ?? 0) + 1);
  const most = [...counts].sort(([, a], [, b]) => b - a).slice(0, MOST_HOLDERS);
  const all = calls.length;
  return Object.fromEntries(
    most.map(([tenant, count]) => [nameOf.worker(change, tenant), Math.round((RATIO_UNIT * count) / all)]),
  );
}

export function countersOf(report: CallReport): Counters {
  const slot = slotOf(report.releasedAt);
  const slotBegin = slot * SLOT_MS;
  const sums: Partial<Record<Sum, number>> = {
    ended: 1,
    [report.end]: 1,
    reserved: report.reservedTokens,
    charged: report.chargedTokens,
  };
  if (report.promise !== undefined) sums[`promises_${report.promise}`] = 1;
  const others: Record<string, number> = { ...runningCounter(slot, report.startedBy, -1) };
  if (report.served !== undefined) {
    const { priority, expectedTokens } = report.served;
    const owed = report.chargedTokens - expectedTokens;
    others[nameOf.owed(priority, report.tenant)] = FAILED_BY_CALL.has(report.end) ? Math.max(0, owed) : owed;
  }
  if (report.startedAt !== undefined) {
    const bin = binOf(report.startedAt - slotBegin, START_BIN_MS);
    const debt = Math.max(0, report.chargedTokens - report.reservedTokens);
    sums.started = 1;
    sums.start_delay_ms = Math.max(0, report.startedAt - report.releasedAt);
    sums.duration_ms = report.finishedAt - report.startedAt;
    others[nameOf.start(bin)] = 1;
    others[nameOf.charge(bin)] = report.chargedTokens - debt;
    if (debt > 0) others[nameOf.debt(binOf(report.finishedAt - slotBegin, DEBT_BIN_MS))] = debt;
  }
  // Only of calls that fail: tenants of all others would be too many names.
  if (report.end === 'transient' || report.end === 'faulted') {
    others[nameOf.failed(report.end, report.tenant)] = 1;
  }
  if (report.probe) others[nameOf.probe(report.end, report.tenant)] = 1;
  if (report.modelId !== undefined && report.end === 'denied') {
    others[nameOf.model('denied', report.modelId)] = 1;
  }
  if (report.end === 'settled') {
    if (report.modelId !== undefined) others[nameOf.model('served', report.modelId)] = 1;
    const { estimatedInputTokens, inputTokens, outputTokens, truncated = false, task } = report;
    if (report.inputKind === undefined) {
      sums.estimated_input = estimatedInputTokens;
      sums.input = inputTokens;
      sums.input_error_squared = (inputTokens - estimatedInputTokens) ** 2;
    } else {
      Object.assign(others, mediaCounters(report.inputKind, estimatedInputTokens, inputTokens));
    }
    sums.output = outputTokens;
    if (report.startedAt !== undefined) {
      const answerMs = report.finishedAt - report.startedAt;
      sums.output_squared = outputTokens ** 2;
      sums.answer_ms = answerMs;
      sums.answer_ms_by_output = answerMs * outputTokens;
    }
    if (report.wonBackTokens) sums.won_back = report.wonBackTokens;
    const bucket = sizeBucketOf(outputTokens);
    others[nameOf.answer(bucket, truncated)] = 1;
    if (task !== undefined) others[nameOf.answer(bucket, truncated, task)] = 1;
  }
  return { ...sums, ...others };
}

function mediaCounters(kind: InputKind, estimated: number, real: number): Counters {
  const ratio = Math.round((RATIO_UNIT * real) / Math.max(1, estimated));
  const sums: MediaSums = { calls: 1, ratio, ratio_squared: ratio ** 2 };
  return Object.fromEntries(MEDIA_SUMS.map((sum) => [nameOf.media(sum, kind), sums[sum]]));
}

/**
 * A report of nothing. Each report begins as a copy of it, and its fields are set and never added: an engine reads reports at every
 * tick, and V8 takes a hundred times as long to add fields to a copy of so many.
 */
const NO_REPORT = {
  ...ZEROS,
  slot: 0,
  starts: [] as Bin[],
  running: [] as Bin[],
  charges: [] as Bin[],
  debts: [] as Bin[],
  answers: [] as AnswerSizes[],
  media: [] as [InputKind, MediaSums][],
  owed: [] as Owed[],
  servedModels: [] as string[],
  deniedModels: [] as [string, number][],
  transients: [] as TenantCount[],
  faults: [] as TenantCount[],
  probes: [] as { tenant: string; end: CallEnd }[],
  holders: [] as TenantCount[],
} satisfies SlotReport;

function emptyReport(slot: number): typeof NO_REPORT {
  const report = { ...NO_REPORT };
  report.slot = slot;
  report.starts = [];
  report.running = [];
  report.charges = [];
  report.debts = [];
  report.answers = [];
  report.owed = [];
  report.servedModels = [];
  report.deniedModels = [];
  report.transients = [];
  report.faults = [];
  report.probes = [];
  return report;
}

/** Reads what {@link countersOf} has written, added up. Names that a newer release has added are left out. */
export function slotReportOf({ slot, counters }: SlotTotals): SlotReport {
  const report = emptyReport(slot);
  for (const sum of SUMS) report[sum] = counters[sum] ?? 0;
  const media = new Map<InputKind, MediaSums>();
  const held = new Map<string, number>();
  for (const name of Object.keys(counters)) {
    const [kind, parts] = split(name);
    if (parts === undefined) continue;
    const count = counters[name] ?? 0;
    const [part, rest] = split(parts);
    switch (kind) {
      case 'start':
        report.starts.push([Number(part), count]);
        break;
      case 'running':
        if (count > 0) report.running.push([Number(part), count]);
        break;
      case 'charged':
        report.charges.push([Number(part), count]);
        break;
      case 'debt':
        report.debts.push([Number(part), count]);
        break;
      case 'out':
      case 'cut':
        report.answers.push({ bucket: Number(part), cut: kind === 'cut', task: rest, count });
        break;
      case 'media': {
        const medium = rest as InputKind;
        media.set(medium, { ...NO_MEDIA, ...media.get(medium), [part]: count });
        break;
      }
      case 'owed':
        report.owed.push({ priority: Number(part) as Priority, tenant: rest ?? '', tokens: count });
        break;
      case 'served':
        if (count > 0) report.servedModels.push(parts);
        break;
      case 'denied':
        report.deniedModels.push([parts, count]);
        break;
      case 'transient':
        report.transients.push([parts, count]);
        break;
      case 'faulted':
        report.faults.push([parts, count]);
        break;
      case 'probe':
        if (count > 0) report.probes.push({ tenant: rest ?? '', end: part as CallEnd });
        break;
      case 'held':
      case 'freed':
        held.set(parts, (held.get(parts) ?? 0) + (kind === 'held' ? count : -count));
        break;
    }
  }
  report.media = [...media];
  report.holders = [...held].flatMap(([tenant, parts]) => (parts > 0 ? [[tenant, parts / RATIO_UNIT]] : []));
  return report;
}

/** `out.13.my.task` → out and 13.my.task. */
function split(name: string): [first: string, rest?: string] {
  const dot = name.indexOf('.');
  return dot < 0 ? [name] : [name.slice(0, dot), name.slice(dot + 1)];
}

/** Clocks of two machines may differ by a little: a start never counts as before its slot. */
function binOf(offsetMs: number, widthMs: number): number {
  return Math.max(0, Math.floor(offsetMs / widthMs));
}
