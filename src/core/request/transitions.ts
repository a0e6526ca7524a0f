/**
 * The state machine. Every arrow is one conditional write, made here and nowhere else:
 *
 *   RECEIVED ─► IN_PROGRESS ─► COMPLETED | FAILED
 *      ▲            │
 *      └────────────┘ throttled, transient, unreadable, too late, lease expired
 *   RECEIVED ─► EXPIRED | CANCELLED | FAILED            (invalid input) ─► REJECTED
 *   RECEIVED ─► COMPLETED, instead of these, with an answer that was cut and could not be run again
 *   IN_PROGRESS ─► CANCELLED, when it was taken back before its call
 *   (a cancellation that comes first) CANCEL_REQUESTED ─► CANCELLED
 *
 * A release is no arrow: until a worker claims it, the lease of its bundle alone tells of it. Leaders of earlier releases of the
 * smoother noted it in the record, as QUEUED, from where the same arrows begin as from IN_PROGRESS.
 */
import type { HoldMessage, Release } from './hold-message.ts';
import { dueKey } from './keys.ts';
import type { Transition } from './ports.ts';
import {
  type CancellationRecord,
  type CutAnswer,
  type Outcome,
  RECORD_ONLY,
  type RequestRecord,
  type StoredRecord,
} from './record.ts';
import { RECORD_RETENTION_MS, RESULT_GRACE_MS } from './times.ts';

const BACKLOG_KEYS = ['backlog_key', 'backlog_order'] as const;
const DUE_KEYS = ['due_key', 'due_at'] as const;

/** What a record counts of its calls. */
export type Counter = 'attempts' | 'failures' | 'throttles' | 'denials';

/** What identifies the record as the writer last saw it. */
type Seen = Pick<StoredRecord, 'request_id' | 'lane' | 'status' | 'generation'>;

function movesFrom({ request_id, status, generation }: Seen): Pick<Transition, 'request_id' | 'from'> {
  return { request_id, from: { status, generation } };
}

/** RECEIVED → IN_PROGRESS, one generation later: the writer whose write applies may call Bedrock. */
export function claim(
  { request_id, generation, grant }: Release,
  { released_at }: Pick<HoldMessage, 'released_at'>,
  startedAt: number,
): Transition {
  const claimed = { status: 'IN_PROGRESS', started_at: startedAt } as const;
  if (grant === undefined) {
    return { request_id, from: { status: 'QUEUED', generation }, set: claimed, remove: [] };
  }
  return {
    request_id,
    from: { status: 'RECEIVED', generation: generation - 1 },
    set: { ...claimed, generation, released_at, ...grant },
    remove: [...BACKLOG_KEYS, ...DUE_KEYS],
  };
}

/** RECEIVED, in its place, one generation later: a release that nobody has claimed can be claimed no more. */
export function withdraw({ request_id, generation }: Pick<Release, 'request_id' | 'generation'>): Transition {
  return {
    request_id,
    from: { status: 'RECEIVED', generation: generation - 1 },
    set: { generation },
    remove: [],
  };
}

/** Attributes of a release, which a record loses when it returns. */
const OF_A_RELEASE = [
  'started_at',
  'reserved_tokens',
  'expected_tokens',
  'granted_max_tokens',
  'most_max_tokens',
  'exceeds_quota',
  'budgeted',
] as const;

/** IN_PROGRESS or set aside → RECEIVED, in its old place. `counts` are the record's counters after the attempt. */
export function putBack(
  record: RequestRecord,
  counts: Partial<Pick<RequestRecord, Counter | 'full_allowance' | 'rerun' | 'cut'>> = {},
): Transition {
  const due = record.has_deadline ? dueAt(record, record.deadline_at) : {};
  return {
    ...movesFrom(record),
    set: {
      status: 'RECEIVED',
      backlog_key: record.queue,
      backlog_order: record.arrival,
      ...due,
      ...counts,
    },
    remove: record.has_deadline ? OF_A_RELEASE : [...OF_A_RELEASE, ...DUE_KEYS],
  };
}

/**
 * IN_PROGRESS → RECEIVED, but outside the backlog until `until` or its deadline: a leader then puts it back. The next
 * release is another generation, so that a worker which still holds this one cannot claim it.
 */
export function setAside(
  record: RequestRecord,
  until: number,
  counts: Partial<Pick<RequestRecord, Counter>> = {},
): Transition {
  return {
    ...movesFrom(record),
    set: { status: 'RECEIVED', ...dueAt(record, Math.min(until, record.deadline_at)), ...counts },
    remove: OF_A_RELEASE,
  };
}

/** How a request ended. */
export interface Ending
  extends Partial<Pick<RequestRecord, Counter>>,
    Pick<
      RequestRecord,
      'output' | 'stop_reason' | 'truncated_at' | 'usage' | 'latency_ms' | 'charged_tokens' | 'error'
    > {
  status: Exclude<Outcome, 'REJECTED'>;
  /** When the last call was sent; absent: as claimed, or never. */
  startedAt?: number;
  finishedAt: number;
}

/**
 * The lease of a bundle tells that the release may be lost, and then that its result is owed. Earlier releases of the smoother left
 * that to the due index.
 */
export function isLeased({ status, due_key }: Pick<StoredRecord, 'status' | 'due_key'>): boolean {
  return (status === 'QUEUED' || status === 'IN_PROGRESS') && due_key === undefined;
}

/**
 * Any unfinished status → an outcome. Without a lease it stays in the due index until the result is marked sent; where the record
 * is known to be the result, nothing is left to do.
 */
export function end(
  seen: Seen & Pick<RequestRecord, 'results' | 'due_key' | 'cut'>,
  ending: Ending,
): Transition {
  const { startedAt, finishedAt, ...fields } = withAnswer(seen.cut, ending);
  const isDone = seen.results === RECORD_ONLY || isLeased(seen);
  const started = startedAt === undefined ? {} : { started_at: startedAt };
  // A claim has noted the time of a call that was not made.
  const neverStarted = fields.status === 'CANCELLED' ? (['started_at'] as const) : [];
  const notThrownAway = 'rerun' in fields && fields.rerun === undefined ? (['rerun'] as const) : [];
  const cut = seen.cut === undefined ? [] : (['cut'] as const);
  return {
    ...movesFrom(seen),
    set: {
      ...fields,
      ...started,
      finished_at: finishedAt,
      ...(isDone ? expiry(finishedAt) : dueAt(seen, finishedAt + RESULT_GRACE_MS)),
    },
    remove: [...BACKLOG_KEYS, ...neverStarted, ...notThrownAway, ...cut, ...(isDone ? DUE_KEYS : [])],
  };
}

/** An answer that was cut is better than none, whatever has kept its rerun from giving another. */
function withAnswer(cut: CutAnswer | undefined, ending: Ending): Ending & Pick<RequestRecord, 'rerun'> {
  if (cut === undefined || ending.status === 'COMPLETED') return ending;
  const { started_at: startedAt, rerun, ...answer } = cut;
  return { ...ending, ...answer, rerun, startedAt, status: 'COMPLETED', error: undefined };
}

/** IN_PROGRESS: notes that the request is taken back. The function that has it ends it, unless its call gives an answer. */
export function requestCancel(record: RequestRecord, now: number): Transition {
  return {
    ...movesFrom(record),
    set: { cancel_requested_at: now },
    remove: [],
  };
}

/** CANCEL_REQUESTED: waits for its request as long as one that comes now. */
export function renew(cancellation: CancellationRecord, { expires_at }: CancellationRecord): Transition {
  return { ...movesFrom(cancellation), set: { expires_at }, remove: [] };
}

/** CANCEL_REQUESTED → the end that the request meets as it begins. */
export function replaceCancellation(
  cancellation: CancellationRecord,
  record: RequestRecord,
  ending: Ending,
): Transition {
  const { set, remove } = end(record, ending);
  const { request_id: _, nonce: __, ...fields } = { ...record, ...set };
  for (const name of remove) delete (fields as Partial<RequestRecord>)[name];
  const isKept = fields.expires_at !== undefined;
  return {
    ...movesFrom(cancellation),
    set: fields,
    remove: isKept ? [] : ['expires_at'],
  };
}

/** The outcome's result is on the Results queue: nothing is due any more, the record may expire. */
export function markSent(record: StoredRecord, now: number): Transition {
  return {
    ...movesFrom(record),
    set: { result_sent: true, ...expiry(now) },
    remove: DUE_KEYS,
  };
}

/** The outcome's result could not be sent: a leader looks at it again at this time. */
export function postpone(record: StoredRecord, until: number): Transition {
  return {
    ...movesFrom(record),
    set: dueAt(record, until),
    remove: ['expires_at'],
  };
}

/** It may have been deleted already: DynamoDB takes up to some days for it. */
export function isExpired({ expires_at }: StoredRecord, now: number): boolean {
  return expires_at !== undefined && expires_at * 1_000 <= now;
}

/** A record that nobody owes anything may be deleted after a while. */
export function expiry(now: number): { expires_at: number } {
  return { expires_at: Math.ceil((now + RECORD_RETENTION_MS) / 1000) };
}

function dueAt(seen: Seen, at: number): Pick<RequestRecord, 'due_key' | 'due_at'> {
  return { due_key: dueKey(seen.lane, seen.request_id), due_at: at };
}
