/** Looks after what is due: releases that were lost, deadlines, outcomes whose result was not marked as sent. */
import type { Clock } from '../clock.ts';
import type { QueueDirectory } from '../lane/ports.ts';
import type { Log } from '../log.ts';
import type { Due, DueEntry, Records } from '../request/ports.ts';
import { isOutcome, type RequestRecord } from '../request/record.ts';
import { type Results, resultOf } from '../request/result.ts';
import { type Ending, end, markSent, putBack } from '../request/transitions.ts';
import { concurrently } from './concurrently.ts';

const DUE_AT_ONCE = 100;
const CONCURRENT_RECOVERIES = 20;

export interface RecoveryPorts {
  records: Records;
  due: Due;
  directory: QueueDirectory;
  results: Results;
  clock: Clock;
  log: Log;
}

/** Deals with what is due in a lane. Returns how many entries were. */
export async function recoverDue(ports: RecoveryPorts, lane: string): Promise<number> {
  const entries = await ports.due.due(lane, ports.clock.now(), DUE_AT_ONCE);
  await concurrently(entries, CONCURRENT_RECOVERIES, (entry) => recover(ports, entry));
  return entries.length;
}

/** Ends a waiting request without a call, and sends its result. */
export async function endWaiting(
  ports: Pick<RecoveryPorts, 'records' | 'results' | 'clock' | 'log'>,
  seen: { request_id: string; lane: string; generation: number },
  ending: Omit<Ending, 'finishedAt'>,
): Promise<void> {
  const { records, clock, log } = ports;
  const moved = await records.move(
    end({ ...seen, status: 'RECEIVED' }, { ...ending, finishedAt: clock.now() }),
  );
  if (!moved.applied) return;
  log(`request.${ending.status.toLowerCase()}`, ids(moved.record));
  await sendResult(ports, moved.record);
}

/** The error of a request that was not started by its deadline. */
export function deadlinePassed(deadlineAt: number): { type: string; message: string } {
  return {
    type: 'DeadlinePassed',
    message: `Not started by its deadline, ${new Date(deadlineAt).toISOString()}`,
  };
}

async function recover(ports: RecoveryPorts, entry: DueEntry): Promise<void> {
  const { records, directory, clock, log } = ports;
  const record = await records.read(entry.request_id);
  // The index lags: what has moved on since is looked at when it is due again.
  if (record?.due_at === undefined || record.due_at > clock.now()) return;
  if (isOutcome(record.status)) return sendResult(ports, record);
  if (record.status === 'RECEIVED') {
    return endWaiting(ports, record, { status: 'EXPIRED', error: deadlinePassed(record.deadline_at) });
  }
  const moved = await records.move(putBack(record));
  if (!moved.applied) return;
  log('request.returned', { ...ids(record), reason: 'lease_expired' });
  await directory.announce(record.queue, clock.now());
}

async function sendResult(
  { records, results, clock, log }: Pick<RecoveryPorts, 'records' | 'results' | 'clock' | 'log'>,
  record: RequestRecord,
): Promise<void> {
  await results.send(resultOf(record));
  await records.move(markSent(record, clock.now()));
  log('result.sent', ids(record));
}

function ids({ request_id, generation }: RequestRecord): Pick<RequestRecord, 'request_id' | 'generation'> {
  return { request_id, generation };
}
