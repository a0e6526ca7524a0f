/** Looks after what was lost with its worker, and what is due: requests set aside, deadlines, results not marked as sent. */
import type { Clock } from '../clock.ts';
import { concurrently } from '../concurrently.ts';
import { namedAt, type QueueDirectory } from '../lane/ports.ts';
import type { Log } from '../log.ts';
import type { BundleLease, BundleLeases, LeasedRelease } from '../request/bundle-lease.ts';
import { cancelled, isTakenBack } from '../request/cancellation.ts';
import { deliver } from '../request/deliver.ts';
import { requestError } from '../request/error-types.ts';
import type { BacklogEntry, Due, DueEntry, Records, Transition } from '../request/ports.ts';
import {
  isOutcome,
  isRequest,
  type RequestError,
  type RequestRecord,
  type StoredRecord,
} from '../request/record.ts';
import type { Results } from '../request/result.ts';
import { type Ending, end, isLeased, putBack, withdraw } from '../request/transitions.ts';

const DUE_AT_ONCE = 100;
const LEASES_AT_ONCE = 10;
const CONCURRENT_RECOVERIES = 20;

export interface RecoveryPorts {
  records: Records;
  due: Due;
  leases: BundleLeases;
  directory: QueueDirectory;
  results: Results;
  clock: Clock;
  log: Log;
  /** A request fails with so many transient errors. */
  maxAttempts: number;
}

/** Deals with what is due in a lane, and with the bundles whose leases are over. */
export async function recoverDue(ports: RecoveryPorts, lane: string): Promise<void> {
  const { due, leases, clock } = ports;
  const entries = await due.due(lane, clock.now(), DUE_AT_ONCE);
  const expired = await leases.expired(lane, clock.now(), LEASES_AT_ONCE);
  const recoveries = [
    ...entries.map((entry) => () => recover(ports, entry)),
    // One without releases is left where somebody died who had settled the last of them.
    ...expired.flatMap((lease) =>
      lease.releases.length === 0
        ? [() => leases.settle(lane, lease.id, [])]
        : lease.releases.map((release) => () => recoverLeased(ports, lease, release)),
    ),
  ];
  await concurrently(recoveries, CONCURRENT_RECOVERIES, (recovery) => recovery());
}

/** Takes back releases that no worker has claimed in time, in queues that a leader knows: it sees them come back. */
export async function withdrawUnclaimed(
  { records, log }: Pick<RecoveryPorts, 'records' | 'log'>,
  entries: readonly BacklogEntry[],
): Promise<void> {
  await concurrently(entries, CONCURRENT_RECOVERIES, async ({ request_id, generation }) => {
    const moved = await records.move(withdraw({ request_id, generation: generation + 1 }));
    if (moved.applied) log('request.returned', { ...ids(moved.record), reason: 'unclaimed' });
  });
}

type EndPorts = Pick<RecoveryPorts, 'records' | 'results' | 'clock' | 'log'>;

/** Ends a request that waits. An answer that was cut is in its record only. */
export async function endWaiting(
  ports: EndPorts,
  entry: BacklogEntry,
  ending: Omit<Ending, 'finishedAt'>,
): Promise<void> {
  const wasCut = entry.full_allowance !== undefined;
  const record = wasCut ? await ports.records.read(entry.request_id) : undefined;
  const cut = record !== undefined && isRequest(record) ? record.cut : undefined;
  await endWithout(ports, { ...entry, status: 'RECEIVED', cut }, ending);
}

/** Ends a request without a further call, and sends its result. */
async function endWithout(
  ports: EndPorts,
  seen: Pick<RequestRecord, 'request_id' | 'lane' | 'generation' | 'status' | 'results' | 'due_key' | 'cut'>,
  ending: Omit<Ending, 'finishedAt'>,
): Promise<void> {
  const { records, clock, log } = ports;
  const moved = await records.move(end(seen, { ...ending, finishedAt: clock.now() }));
  if (!moved.applied) return;
  log(`request.${moved.record.status.toLowerCase()}`, ids(moved.record));
  await deliver(ports, moved.record, { leased: isLeased(seen) });
}

/** The error of a request that was not started by its deadline. */
export function deadlinePassed(deadlineAt: number): RequestError {
  return requestError('DeadlinePassed', `Not started by its deadline, ${new Date(deadlineAt).toISOString()}`);
}

async function recover(ports: RecoveryPorts, entry: DueEntry): Promise<void> {
  const { records, clock } = ports;
  const record = await records.read(entry.request_id);
  // The index lags: what has moved on since is looked at when it is due again.
  if (record?.due_at === undefined || record.due_at > clock.now()) return;
  if (record.status === 'CANCEL_REQUESTED') return;
  if (record.status === 'REJECTED' || isOutcome(record.status)) return deliver(ports, record);
  if (record.status === 'RECEIVED' && record.deadline_at <= clock.now()) {
    return endWithout(ports, record, { status: 'EXPIRED', error: deadlinePassed(record.deadline_at) });
  }
  return bringBack(ports, record);
}

/** A release of a bundle whose lease is over: it was lost, or its result may be. */
async function recoverLeased(
  ports: RecoveryPorts,
  { lane, id, released_at }: BundleLease,
  release: LeasedRelease,
): Promise<void> {
  const record = await ports.records.read(release.request_id);
  if (record?.status === 'RECEIVED' && record.generation < release.generation) {
    // Its message is lost, or comes so late that it must not be called for it any more.
    await announced(ports, record, withdraw(release), 'lease_expired');
  } else if (record !== undefined && isRequest(record) && record.released_at === released_at) {
    const isOurs = record.generation === release.generation;
    if (isOurs && isLeased(record)) await bringBack(ports, record);
    // Without a due key, nothing else tells that its result is owed.
    else if (isOurs && isOutcome(record.status) && record.due_key === undefined && !record.result_sent) {
      await deliver(ports, record, { leased: true });
    }
  }
  await ports.leases.settle(lane, id, [release]);
}

/** What was lost, or set aside, goes back to the backlog, or ends. */
async function bringBack(ports: RecoveryPorts, record: RequestRecord): Promise<void> {
  const { clock } = ports;
  // Once claimed, its call may have been made: only what is lost before that costs no attempt.
  const lost = record.status === 'IN_PROGRESS' ? 1 : 0;
  const counts = { attempts: record.attempts + lost, failures: record.failures + lost };
  if (isTakenBack(record)) {
    const { finishedAt: _, ...ending } = cancelled(counts, clock.now());
    return endWithout(ports, record, { ...ending, ...counts });
  }
  if (counts.failures >= ports.maxAttempts) {
    const error = requestError(
      'WorkerLost',
      `Its worker was lost during the call, ${counts.failures} failures in all`,
    );
    return endWithout(ports, record, { status: 'FAILED', error, ...counts });
  }
  await announced(
    ports,
    record,
    putBack(record, counts),
    record.status === 'RECEIVED' ? 'rested' : 'lease_expired',
  );
}

/**
 * Writes what makes a request wait again. Its release may have ended long ago, and its queue may be forgotten by now: then only an
 * announcement tells of it. One comes before the write, in case this function dies after it, and one after, in case the first is
 * forgotten meanwhile.
 */
async function announced(
  { records, directory, clock, log }: RecoveryPorts,
  record: RequestRecord,
  transition: Transition,
  reason: 'rested' | 'lease_expired',
): Promise<void> {
  await directory.announce(record.queue, clock.now());
  const begun = clock.now();
  const moved = await records.move(transition);
  if (!moved.applied) return;
  log('request.returned', { ...ids(moved.record), reason });
  const now = clock.now();
  await directory.announce(record.queue, now, namedAt(moved.record, begun, now));
}

function ids({ request_id, generation }: StoredRecord): Pick<StoredRecord, 'request_id' | 'generation'> {
  return { request_id, generation };
}
