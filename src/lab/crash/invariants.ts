/** What must hold once the smoother has recovered, whatever happened to it. */

import type { BatchStatus } from '../../core/batch/batch.ts';
import { changesOf } from '../../core/reporting/change.ts';
import { countChanges } from '../../core/reporting/count.ts';
import { isOutcome, isRequest, type Outcome, RECORD_ONLY } from '../../core/request/record.ts';
import { resultOf } from '../../core/request/result.ts';
import { createReportRows } from '../../memory/reporting.ts';
import { isPayloadKey } from '../payload-keys.ts';
import { brokenBatch } from './batch-invariants.ts';
import { brokenBudget, type ExpectedBudget } from './budgets.ts';
import type { Pipeline } from './pipeline.ts';

/** What a scenario must end with. */
export interface Expectation {
  /** The right outcomes, by the id of the result. */
  outcomes: Record<string, readonly Outcome[]>;
  /** Calls to Bedrock by request, as they are without an injected fault. */
  calls: Record<string, number>;
  /** The most milliseconds from the beginning to the last result. */
  withinMs: number;
  /** How the batch file ends, and what its manifest counts. */
  batch?: { status: BatchStatus; success: number; error: number };
  /** A tenant has a budget. */
  budget?: ExpectedBudget;
}

/** Names every invariant that does not hold. `faults` is how many were injected. */
export async function brokenInvariants(
  pipeline: Pipeline,
  expected: Expectation,
  faults: number,
): Promise<string[]> {
  return [
    ...pipeline.faults,
    ...restOf(pipeline),
    ...outcomesOf(pipeline, expected, faults),
    ...callsOf(pipeline, expected, faults),
    ...objectsOf(pipeline),
    ...(expected.batch === undefined ? [] : await brokenBatch(pipeline, expected.batch, faults)),
    ...(expected.budget === undefined ? [] : await brokenBudget(pipeline, expected.budget)),
    ...(await reportsOf(pipeline)),
  ];
}

/** Everything has come to rest, and nothing is in the dead-letter queues. */
function restOf({ cloud, queues, stream, isSettled }: Pipeline): string[] {
  const broken: string[] = [];
  if (!isSettled) broken.push('something never came to rest');
  for (const { name, size, deadLetters } of queues) {
    if (size > 0) broken.push(`${size} messages remain in the queue ${name}`);
    for (const { id } of deadLetters) broken.push(`${id} became a dead letter`);
  }
  if (!stream.isEmpty) broken.push('changes were not counted');
  for (const { releases } of cloud.leases()) {
    for (const { request_id } of releases) broken.push(`${request_id} is still leased`);
  }
  for (const record of cloud.table.all()) {
    const { request_id, status, due_key, expires_at } = record;
    const waits = isRequest(record) && record.backlog_key !== undefined;
    // A cancellation may wait for a request that never comes.
    const isOver = isOutcome(status) || status === 'CANCEL_REQUESTED';
    if (!isOver) broken.push(`${request_id} has no outcome: ${status}`);
    if (isOver && expires_at === undefined) broken.push(`${request_id} would be kept for ever`);
    if (due_key !== undefined) broken.push(`${request_id} is still due`);
    if (waits && status !== 'RECEIVED') {
      broken.push(`${request_id} is in the backlog index as ${status}`);
    }
  }
  return broken;
}

/** Each request has one outcome. Results are what was committed, come in time, and twice only after a fault. */
function outcomesOf({ results, cloud, beganAt }: Pipeline, expected: Expectation, faults: number): string[] {
  const broken: string[] = [];
  const committed = new Map<string, { text: string; destination?: string }>();
  // Where no message is sent, the record is the result.
  const given: Pipeline['results'] = [...results];
  for (const record of cloud.table.all()) {
    if (!isOutcome(record.status)) continue;
    const result = resultOf(record);
    committed.set(result.request_id, { text: JSON.stringify(result), destination: record.results });
    if (record.results === RECORD_ONLY) {
      given.push({
        at: record.finished_at ?? 0,
        result: JSON.parse(JSON.stringify(result)),
        queue: RECORD_ONLY,
      });
    }
  }
  for (const [id, outcomes] of Object.entries(expected.outcomes)) {
    const mine = given.filter(({ result }) => result.request_id === id);
    const first = mine[0];
    if (first === undefined) {
      broken.push(`${id} has no result`);
      continue;
    }
    if (!outcomes.includes(first.result.status)) broken.push(`${id} ended ${first.result.status}`);
    if (mine.length > 1 && faults === 0) broken.push(`${id} has ${mine.length} results without a crash`);
    if (mine.some(({ result }) => JSON.stringify(result) !== committed.get(id)?.text)) {
      broken.push(`${id} has a result that was not committed`);
    }
    if (mine.some(({ queue }) => queue !== committed.get(id)?.destination)) {
      broken.push(`${id} has a result in another queue than it asked for`);
    }
    const took = first.at - beganAt;
    if (took > expected.withinMs) broken.push(`${id} took ${took} ms, at most ${expected.withinMs}`);
  }
  for (const { result } of results) {
    if (expected.outcomes[result.request_id] === undefined)
      broken.push(`${result.request_id}: a result that nobody asked for`);
  }
  return broken;
}

/** A fault may cost one call in vain and no more, and the quota is kept. */
function callsOf({ bedrock, cloud }: Pipeline, { calls }: Expectation, faults: number): string[] {
  const broken: string[] = [];
  for (const [id, count] of Object.entries(calls)) {
    const called = bedrock.called.filter((it) => it === id).length;
    if (called > count + faults) broken.push(`${id} was called ${called} times, at most ${count + faults}`);
    if (faults === 0 && called < count) broken.push(`${id} was called ${called} times, not ${count}`);
  }
  for (const { status, request_id, attempts } of cloud.table.all()) {
    const called = bedrock.called.filter((it) => it === request_id).length;
    if (status === 'CANCELLED' && called > attempts + faults) {
      broken.push(`${request_id} was called ${called} times and ended CANCELLED after ${attempts}`);
    }
  }
  if (bedrock.throttled > 0) broken.push(`Bedrock throttled ${bedrock.throttled} calls`);
  return broken;
}

const OTHER_KEYS = /^outputs\/[0-9a-f]{32}\/[0-9]+\.json$|^(inbox|batches|batch-outputs)\//;

/** The keys of objects have our own form, and the object that a result names exists. */
function objectsOf({ cloud, results }: Pipeline): string[] {
  const keys = cloud.bucket.keys();
  const broken = keys
    .filter((key) => !isPayloadKey(key) && !OTHER_KEYS.test(key))
    .map((key) => `an object at ${key}`);
  for (const { result } of results) {
    if (result.output === undefined || !('key' in result.output)) continue;
    if (!keys.includes(result.output.key))
      broken.push(`${result.request_id}: no output at ${result.output.key}`);
  }
  return broken;
}

/** The reports equal those of one clean pass over the stream. */
async function reportsOf({ rows, stream }: Pipeline): Promise<string[]> {
  const clean = createReportRows();
  await countChanges(
    clean,
    stream.images.flatMap(({ record }) => changesOf(record)),
  );
  const sorted = (all: ReturnType<typeof clean.all>) =>
    JSON.stringify(
      all.map(({ key, counters }) => JSON.stringify([key, Object.entries(counters).sort()])).sort(),
    );
  return sorted(rows.all()) === sorted(clean.all()) ? [] : ['the reports differ from one clean pass'];
}
