import { outputLimitOf } from '../lane/catalog/catalog.ts';
import { sumOf } from '../lane/counters.ts';
import { unreservedTokens } from '../lane/unreserved.ts';
import { abridged } from '../request/abridged.ts';
import { cancelled, isTakenBack } from '../request/cancellation.ts';
import { type ErrorType, requestError } from '../request/error-types.ts';
import { PayloadMissingError } from '../request/errors.ts';
import type { HoldMessage, Release } from '../request/hold-message.ts';
import { isTruncated } from '../request/invoke-bodies.ts';
import { type Call, type Payload, readAbridged } from '../request/payload.ts';
import {
  inputOf,
  isRequest,
  type RequestError,
  type RequestRecord,
  type StoredRecord,
  type Usage,
} from '../request/record.ts';
import { COMMIT_MARGIN_MS, callMs, START_WINDOW_MS } from '../request/times.ts';
import { claim, type Ending } from '../request/transitions.ts';
import { ModelError, PayloadUnreadableError } from './errors.ts';
import { withGrantedMaxTokens } from './granted-max-tokens.ts';
import { memoryViolation } from './memory.ts';
import {
  finish,
  type InvocationPorts,
  ids,
  keepOutput,
  restAfterReturn,
  returnToBacklog,
  setRequestAside,
} from './outcome.ts';
import type { ModelAnswer } from './ports.ts';
import {
  chargeOf,
  chargeOfFailed,
  type Reported,
  type Run,
  report,
  reportNotStarted,
} from './reported-call.ts';
import { decide, denialsOf, isAboutModelId } from './retry-policy.ts';
import { withTenantMetadata } from './tenant-metadata.ts';

/**
 * Runs one release to its end.
 * @param claimed is given what has been claimed here
 */
export async function invoke(
  ports: InvocationPorts,
  message: HoldMessage,
  release: Release,
  claimed: (run: Run) => void,
): Promise<'ours' | 'withdrawn' | 'not ours'> {
  const { lane, released_at: releasedAt } = message;
  const { applied, record } = await ports.records.move(claim(release, message, ports.clock.now()));
  if (!applied || record.status !== 'IN_PROGRESS') return endUnclaimed(ports, message, release, record);
  const run = { lane, releasedAt, record, probe: release.probe };
  claimed(run);
  await runToEnd(ports, run);
  return 'ours';
}

async function runToEnd(ports: InvocationPorts, run: Run): Promise<void> {
  const { releasedAt, record } = run;
  if (isTakenBack(record)) return endUncalled(ports, run);
  const loaded = tooLate(ports, releasedAt) ? undefined : await loadCall(ports, run);
  // Asked again after the load: this is the last look before the call.
  if (loaded === undefined || tooLate(ports, releasedAt)) await giveBack(ports, run);
  else if ('type' in loaded) await failUncalled(ports, run, loaded);
  else await call(ports, run, loaded);
}

/**
 * The claim was refused. Where another delivery has made it, that one reports the end of the release. Where nobody has, because the
 * request ended or was released once more before, one of the deliveries reports it: the one that takes it out of the lease.
 */
async function endUnclaimed(
  ports: InvocationPorts,
  { lane, lease, released_at: releasedAt }: HoldMessage,
  { request_id, generation, grant, probe }: Release,
  record: StoredRecord | undefined,
): Promise<'withdrawn' | 'not ours'> {
  ports.log('release.refused', {
    ...{ request_id, generation, status: record?.status, current_generation: record?.generation },
  });
  if (lease === undefined || grant === undefined || record === undefined || !isRequest(record))
    return 'not ours';
  const isOfAnother = record.generation === generation && record.released_at !== releasedAt;
  if (record.generation >= generation && !isOfAnother) return 'not ours';
  if (!(await ports.leases.withdraw(lane, lease, { request_id, generation }))) return 'not ours';
  await reportNotStarted(ports, { lane, releasedAt, record: { ...record, ...grant }, probe });
  return 'withdrawn';
}

/** With less than this share of a call's usual time left, it is not worth its price: it would often be given up, and made again. */
const LEAST_TIME = 0.5;
/** A call that had so much of it has had its chance: another would hardly have more. */
const NEARLY_ALL_TIME = 0.9;

/** Started later than this, a call would no longer be covered by its reservation, or would have too little time for its answer. */
function tooLate(ports: InvocationPorts, releasedAt: number): boolean {
  const { clock, bundleMs } = ports;
  return clock.now() - releasedAt > START_WINDOW_MS || timeoutMsOf(ports) < LEAST_TIME * callMs(bundleMs);
}

/** What is left for a call. */
function timeoutMsOf({ remainingMs }: InvocationPorts): number {
  return remainingMs() - COMMIT_MARGIN_MS;
}

/** A call that was sent. */
interface Sent {
  payload: Payload;
  startedAt: number;
  timeoutMs: number;
}

async function call(ports: InvocationPorts, run: Run, stored: Call): Promise<void> {
  const { clock, log, model } = ports;
  const { record } = run;
  const startedAt = clock.now();
  run.sentAt = startedAt;
  const timeoutMs = timeoutMsOf(ports);
  log('call.started', { ...ids(record), lane: run.lane, start_delay_ms: startedAt - run.releasedAt });
  const granted = withGrantedMaxTokens(record, stored);
  let answer: ModelAnswer;
  try {
    answer = await model.call({
      modelId: record.model_id,
      lane: record.lane,
      ...(ports.sendsTenant ? withTenantMetadata(record.tenant, granted) : granted),
      timeoutMs,
    });
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    return refusedByModel(ports, run, { payload: stored.payload, startedAt, timeoutMs }, error);
  }
  const finishedAt = clock.now();
  const charged = chargeOf(record, answer.usage);
  const truncated = isTruncated(answer.stopReason);
  const settled: Reported = {
    end: 'settled',
    startedAt: arrivalOf(startedAt, finishedAt, answer.latencyMs),
    finishedAt,
    chargedTokens: charged,
    inputTokens: answer.usage === undefined ? record.input_tokens : inputOf(answer.usage),
    outputTokens: answer.usage?.output_tokens ?? 0,
    usage: answer.usage,
    truncated,
  };
  const attempts = record.attempts + 1;
  const delivered = {
    output: await keepOutput(ports, record, answer.body),
    stop_reason: answer.stopReason,
    truncated_at: truncated && record.max_tokens === undefined ? record.granted_max_tokens : undefined,
    usage: answer.usage,
    latency_ms: answer.latencyMs,
    charged_tokens: charged,
  };
  if (truncated && !record.accept_truncated && finishedAt < record.deadline_at && canGrantMore(record)) {
    // Not what the producer asked for: it runs again with more, while it may still be started. Should it end without, this is delivered.
    const { failures, throttles, rerun: before } = record;
    const rerun = {
      charged_tokens: charged + (before?.charged_tokens ?? 0),
      usage: usageOfBoth(before?.usage, answer.usage),
    };
    const full_allowance = record.full_allowance === false;
    const denials = denialsOf(record);
    const counts = { attempts, failures, throttles, denials, full_allowance, rerun };
    await returnToBacklog(ports, record, 'truncated', counts, {
      ...delivered,
      started_at: startedAt,
      rerun: before,
    });
    return report(ports, run, { ...settled, wonBackTokens: -charged });
  }
  const ending: Ending = { status: 'COMPLETED', startedAt, finishedAt, attempts, ...delivered };
  // What Bedrock gave back is used again at once, whatever becomes of the outcome.
  const wonBackTokens = unreservedTokens(record);
  await Promise.all([finish(ports, record, ending), report(ports, run, { ...settled, wonBackTokens })]);
}

async function refusedByModel(
  ports: InvocationPorts,
  run: Run,
  { payload, startedAt, timeoutMs }: Sent,
  error: ModelError,
): Promise<void> {
  const { record } = run;
  const finishedAt = ports.clock.now();
  const shortened = timeoutMs < NEARLY_ALL_TIME * callMs(ports.bundleMs);
  const how = { probe: run.probe, shortened };
  const { counts, error: reason, restMs } = decide(record, error, ports.maxAttempts, how);
  if (reason !== undefined) {
    await finish(ports, record, { status: 'FAILED', startedAt, finishedAt, ...counts, error: reason });
  } else if (restMs !== undefined) {
    await setRequestAside(ports, record, { reason: error.type, forMs: restMs, counts });
  } else {
    await returnToBacklog(ports, record, error.type, counts);
  }
  const tooLarge = reason?.type === ('ExceedsQuota' satisfies ErrorType);
  await report(ports, run, {
    // That throttle says nothing of the lane's share of the quota. Its tenant has had the minute that was kept for it.
    ...(tooLarge && { served: undefined }),
    end: tooLarge || (error.kind === 'denied' && !isAboutModelId(payload)) ? 'invalid' : error.kind,
    startedAt,
    finishedAt,
    chargedTokens: chargeOfFailed(error, record),
  });
}

async function giveBack(ports: InvocationPorts, run: Run): Promise<void> {
  const returned = await returnToBacklog(ports, run.record, 'too_late');
  if (returned) await reportNotStarted(ports, run);
}

async function endUncalled(ports: InvocationPorts, run: Run): Promise<void> {
  const ended = await finish(ports, run.record, cancelled(run.record, ports.clock.now()));
  if (ended) await reportNotStarted(ports, run);
}

async function failUncalled(ports: InvocationPorts, run: Run, error: RequestError): Promise<void> {
  await finish(ports, run.record, { status: 'FAILED', finishedAt: ports.clock.now(), error });
  await reportNotStarted(ports, run);
}

const MISSING = 'The stored call has expired or was deleted before it could be made';

/**
 * The call, or why it can never be made.
 * @throws {PayloadUnreadableError} for what may pass: the request has been set aside
 */
async function loadCall(ports: InvocationPorts, run: Run): Promise<Call | RequestError> {
  try {
    const payload = await ports.payloads.get(run.record.payload_key);
    const call = abridged(payload);
    const sizes = { bytes: payload.byteLength, textBytes: Buffer.byteLength(call.text) };
    return memoryViolation(sizes, ports.memoryMegabytes) ?? readAbridged(call);
  } catch (error) {
    if (error instanceof PayloadMissingError) return requestError('PayloadMissing', MISSING);
    const rest = { reason: 'payload_unreadable', forMs: restAfterReturn(run.record) };
    if (await setRequestAside(ports, run.record, rest)) await reportNotStarted(ports, run);
    throw new PayloadUnreadableError(run.record.request_id, error);
  }
}

/** Of two calls, as far as it is known. */
function usageOfBoth(one: Usage | undefined, other: Usage | undefined): Usage | undefined {
  return one && other ? { ...one, ...other, ...sumOf({ ...one }, { ...other }) } : (one ?? other);
}

/** The producer set no max tokens, and the release chose fewer than model and quota can give. */
function canGrantMore({ lane, ...record }: RequestRecord): boolean {
  const { max_tokens, granted_max_tokens = 0, most_max_tokens = outputLimitOf(lane) } = record;
  return max_tokens === undefined && !record.full_allowance && granted_max_tokens < most_max_tokens;
}

/**
 * A call does not travel for longer; beyond it, Bedrock's latency leaves out a part of its work. A worker with a third of a processor
 * takes three seconds to send forty calls at once, and a busy machine longer.
 */
const MAX_TRANSIT_MS = 10_000;

/**
 * When Bedrock counted the call, at the latest: not before it was sent, and its own latency before the answer came. On a
 * busy machine, or a slow network, that is later than the moment of sending, and so is the end of its minute.
 */
function arrivalOf(sentAt: number, finishedAt: number, latencyMs: number | undefined): number {
  if (latencyMs === undefined) return sentAt;
  return Math.min(sentAt + MAX_TRANSIT_MS, Math.max(sentAt, finishedAt - latencyMs));
}
