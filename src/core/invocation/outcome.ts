import type { Clock } from '../clock.ts';
import { type CallReports, type LaneWatch, namedAt, type QueueDirectory, type Waker } from '../lane/ports.ts';
import { wakeIfAsleep } from '../lane/wake.ts';
import type { Log } from '../log.ts';
import type { BundleLeases } from '../request/bundle-lease.ts';
import type { BundleOffers } from '../request/bundle-offers.ts';
import { cancelled, isTakenBack } from '../request/cancellation.ts';
import { deliver } from '../request/deliver.ts';
import { hasUnsafeInteger } from '../request/json-limits.ts';
import { outputKey } from '../request/keys.ts';
import type { Payloads, Records } from '../request/ports.ts';
import type { CutAnswer, Output, RequestRecord, StoredRecord } from '../request/record.ts';
import type { Results } from '../request/result.ts';
import { type Ending, end, isLeased, putBack, setAside } from '../request/transitions.ts';
import type { ModelRuntime } from './ports.ts';
import type { Counts } from './retry-policy.ts';

/**
 * Larger outputs go to the bucket. DynamoDB charges a write unit for each KiB of the whole item at the commit, the only write that
 * an output is a part of; a PUT to S3 costs as much as eight units whatever its size.
 */
export const INLINE_OUTPUT_BYTES = 8 * 1024;

/** What an invocation needs. */
export interface InvocationPorts {
  records: Records;
  leases: Pick<BundleLeases, 'settle' | 'withdraw'>;
  offers: Omit<BundleOffers, 'make'>;
  payloads: Payloads;
  model: ModelRuntime;
  results: Results;
  reports: Pick<CallReports, 'add'>;
  directory: Pick<QueueDirectory, 'announce'>;
  watch: LaneWatch;
  waker: Waker;
  clock: Clock;
  log: Log;
  /** The calls bucket's name, which a result with a large output carries. */
  bucket: string;
  /** A request fails with so many transient errors. */
  maxAttempts: number;
  /** Bedrock's invocation logs name the tenant. */
  sendsTenant: boolean;
  /** Of this function. */
  memoryMegabytes: number;
  /** Until the calls must have ended and been dealt with. */
  remainingMs(): number;
  /** How long a worker has for a bundle. */
  bundleMs: number;
}

/** One commit, then the result: only what was committed here is reported here. False when the record had moved on. */
export async function finish(
  ports: InvocationPorts,
  record: RequestRecord,
  ending: Ending,
): Promise<boolean> {
  const { records, log } = ports;
  const committed = await records.move(end(record, ending));
  if (!committed.applied) {
    log('outcome.refused', { ...ids(record), status: committed.record?.status });
    return false;
  }
  const { status, attempts, charged_tokens } = committed.record as RequestRecord;
  // Beside an answer, an error tells why its rerun gave none.
  const error = ending.error?.type;
  log(`request.${status.toLowerCase()}`, { ...ids(record), attempts, error, charged_tokens });
  await deliver(ports, committed.record, { leased: isLeased(record) });
  return true;
}

/** What has come back, or could have, although it was taken back meanwhile, ends. */
async function endIfTakenBack(ports: InvocationPorts, record: StoredRecord): Promise<boolean> {
  if (record.status !== 'RECEIVED' || !isTakenBack(record)) return false;
  return finish(ports, record, cancelled(record, ports.clock.now()));
}

/**
 * Puts the request back into its old place; false when the record had moved on. `counts` are its counters after the attempt. The
 * queue is announced before the end of the release is reported: otherwise its leader could take it for empty while the index lags.
 * A leader may have left while the call was running.
 */
export async function returnToBacklog(
  ports: InvocationPorts,
  record: RequestRecord,
  reason: string,
  counts?: Counts & Pick<RequestRecord, 'full_allowance' | 'rerun'>,
  cut?: CutAnswer,
): Promise<boolean> {
  const { records, directory, clock, log } = ports;
  const begun = clock.now();
  const returned = await records.move(putBack(record, { ...counts, ...(cut && { cut }) }));
  if (!returned.applied) {
    log('return.refused', { ...ids(record), status: returned.record?.status });
    return false;
  }
  log('request.returned', { ...ids(record), reason, ...counts });
  if (await endIfTakenBack(ports, returned.record)) return true;
  const now = clock.now();
  await directory.announce(record.queue, now, namedAt(record, begun, now));
  await wakeIfAsleep(ports, record.lane, clock.now());
  return true;
}

/** The first rest, doubled each time: a payload that cannot be read now is not read again at once. */
const FIRST_REST_MS = 10_000;
const LONGEST_REST_MS = 300_000;

/**
 * How long a request rests after a release that did not lead to a call: longer each time. Releases without an attempt show how
 * often it has come back like this.
 */
export function restAfterReturn({ generation, attempts }: RequestRecord): number {
  return FIRST_REST_MS * 2 ** Math.max(0, generation - attempts - 1);
}

/** Away from the backlog for a while, five minutes at most; false when the record had moved on. */
export async function setRequestAside(
  ports: InvocationPorts,
  record: RequestRecord,
  { reason, forMs, counts }: { reason: string; forMs: number; counts?: Counts },
): Promise<boolean> {
  const { records, clock, log } = ports;
  const restMs = Math.min(LONGEST_REST_MS, forMs);
  const aside = await records.move(setAside(record, clock.now() + restMs, counts));
  if (!aside.applied) {
    log('return.refused', { ...ids(record), status: aside.record?.status });
    return false;
  }
  log('request.set_aside', { ...ids(record), reason, rest_ms: restMs, ...counts });
  await endIfTakenBack(ports, aside.record);
  return true;
}

/**
 * Small outputs ride in the record; a large one is stored under a key of this generation, before the commit. So is one with
 * whole numbers beyond 2^53, which a result would not carry as they are.
 */
export async function keepOutput(
  { payloads, bucket }: InvocationPorts,
  record: RequestRecord,
  text: string,
): Promise<Output> {
  if (Buffer.byteLength(text) <= INLINE_OUTPUT_BYTES) {
    const body: unknown = JSON.parse(text);
    if (!hasUnsafeInteger(body)) return { body };
  }
  const key = outputKey(record.request_id, record.generation);
  await payloads.put(key, text);
  return { bucket, key };
}

/** What log lines say about a record. */
export function ids({
  request_id,
  generation,
}: RequestRecord): Pick<RequestRecord, 'request_id' | 'generation'> {
  return { request_id, generation };
}
