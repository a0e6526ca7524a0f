/** Today's code reads, and writes unchanged, what every release has left in queues, tables and the bucket. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, it } from 'vitest';
import { itemOfRecord, recordOf } from '../../src/aws/dynamodb/record-item.ts';
import type { Batch } from '../../src/core/batch/batch.ts';
import { type BookState, BudgetBook } from '../../src/core/budgets/book.ts';
import { acceptedRecord } from '../../src/core/ingestion/accepted-record.ts';
import { invokeBatch } from '../../src/core/invocation/batch.ts';
import { countersOf, slotReportOf } from '../../src/core/lane/call-counters.ts';
import { sumOf } from '../../src/core/lane/counters.ts';
import { LaneEngine } from '../../src/core/lane/engine/engine.ts';
import { parseState, writeState } from '../../src/core/lane/engine/state.ts';
import { changesOf } from '../../src/core/reporting/change.ts';
import { summarise } from '../../src/core/reporting/read.ts';
import { keyOf } from '../../src/core/reporting/rows.ts';
import { isOffered } from '../../src/core/request/bundle-offers.ts';
import type { HoldMessage } from '../../src/core/request/hold-message.ts';
import { readMessage } from '../../src/core/request/message.ts';
import type { Payload } from '../../src/core/request/payload.ts';
import type { RequestRecord } from '../../src/core/request/record.ts';
import { isOutcome } from '../../src/core/request/record.ts';
import { type ResultMessage, resultOf } from '../../src/core/request/result.ts';
import { resultMessage } from '../../src/core/request/result-schema.ts';
import { estimateInput } from '../../src/core/request/tokens.ts';
import { VERSIONS } from '../../src/core/request/versions.ts';
import { createBatchWorld, records as linesOf } from '../fixtures/batch-world.ts';
import { World } from '../fixtures/invocation-world.ts';

const SAMPLES = path.join(import.meta.dirname, 'samples');
const RELEASES = readdirSync(SAMPLES).filter((name) => /^v\d+$/.test(name));
const MODEL = 'us.anthropic.claude-haiku-4-5-20251001-v1:0';
const ENGINE = { averageRequestMs: 5_000, minutesToProcess: 5, leaseMs: 330_000 };
const LONGEST_WAIT_SECONDS = 13 * 24 * 3_600;

const fileOf = (release: string, shape: string) =>
  path.join(SAMPLES, release, `${shape.replaceAll(' ', '-')}.json`);

/** A shape's samples of every release that has any; what was added to a version later has files of its own. */
function samplesOf<T>(shape: string): [name: string, sample: T][] {
  const start = `${shape.replaceAll(' ', '-')}.`;
  return RELEASES.flatMap((release) =>
    readdirSync(path.join(SAMPLES, release))
      .filter((file) => file.startsWith(start))
      .map((file): [string, T] => [
        path.join(release, file.slice(start.length)),
        JSON.parse(readFileSync(path.join(SAMPLES, release, file), 'utf8')),
      ]),
  );
}

describe('every version of a shape', () => {
  it.each(Object.entries(VERSIONS))('of a %s has a sample (newest: %i)', (shape, newest) => {
    for (let version = 1; version <= newest; version++) {
      expect(existsSync(fileOf(`v${version}`, shape)), `samples/v${version} of a ${shape}`).toBe(true);
    }
  });

  it('is the one that is written', async () => {
    const [, records] = samplesOf<{ item: never }[]>('record').at(-1) ?? [];
    const ended = records?.map(({ item }) => recordOf(item)).find(({ status }) => isOutcome(status));
    const reading = readMessage(JSON.stringify(inputs()[0]?.message), limits);
    if (ended === undefined || reading.kind !== 'request') throw new Error('No samples');
    const batches = createBatchWorld();
    await batches.drop('batches/nightly.jsonl', linesOf(1));
    expect({
      record: accepted(reading.request).v,
      result: resultOf(ended).v,
      'hold message': (await new World().release()).v,
      payload: reading.request.call.v,
      'lane memory': JSON.parse(writeState({ slots: [] })).v,
      'lane estimates': JSON.parse(new LaneEngine(ENGINE).estimates()).v,
      batch: batches.cloud.batches()[0]?.v,
      'batch continuation': JSON.parse(batches.queue[0]?.body ?? '').v,
    }).toEqual(VERSIONS);
  });
});

const limits = { longestWaitSeconds: LONGEST_WAIT_SECONDS };

interface Input {
  message: { request_id: string };
  content_hash: string;
  lane: string;
}

function inputs(): Input[] {
  return samplesOf<Input[]>('input-messages').flatMap(([, sample]) => sample);
}

function accepted(request: Parameters<typeof acceptedRecord>[0]): RequestRecord {
  return acceptedRecord(request, {
    requestId: request.request_id ?? 'none',
    messageId: 'message',
    acceptedAt: 1_000,
    sentAt: 900,
    longestWaitSeconds: LONGEST_WAIT_SECONDS,
    input: estimateInput(request.model_id, request.call),
    shardOf: () => 0,
  });
}

// A producer that repeats an old request means the old request: its content still hashes to the same.
it.each(inputs())('input message $message.request_id is the same request as ever', ({ message, ...then }) => {
  const reading = readMessage(JSON.stringify(message), limits);
  if (reading.kind !== 'request') throw new Error(`It is refused: ${JSON.stringify(reading)}`);
  expect(accepted(reading.request)).toMatchObject(then);
});

it.each(samplesOf<Payload[]>('payload'))('payloads of %s are called', async (_release, payloads) => {
  for (const payload of payloads) {
    const world = new World();
    const message = await world.release();
    const { payload_key } = await world.record();
    await world.cloud.ports.payloads.put(payload_key, JSON.stringify(payload));
    await invokeBatch(world.ports, [{ messageId: 'm', body: JSON.stringify(message) }]);
    expect(world.calls).toHaveLength(1);
    expect(world.calls[0]?.payload.operation).toBe(payload.operation);
  }
});

it.each(samplesOf<HoldMessage>('hold message'))(
  'a hold message of %s is worked off',
  async (_release, message) => {
    const world = new World();
    const ids = message.releases.map(({ request_id }) => request_id);
    const isNoted = message.releases.every(({ grant }) => grant === undefined);
    if (isNoted) await world.releaseBefore(ids);
    else await world.release(ids);
    if (isOffered(message)) await world.cloud.ports.offers.make(message);
    world.now = message.released_at + 100;
    await invokeBatch(world.ports, [{ messageId: 'm', body: JSON.stringify(message) }]);
    expect(world.cloud.sent.map(({ request_id }) => request_id).sort()).toEqual([...ids].sort());
  },
);

interface RecordSample {
  item: Parameters<typeof recordOf>[0];
  /** Id of the change that the report counts it as. */
  counted_as?: string;
}

describe.each(samplesOf<RecordSample[]>('record'))('records of %s', (release, samples) => {
  it('are read, and written unchanged', () => {
    for (const { item } of samples) expect(itemOfRecord(recordOf(item))).toEqual(item);
  });

  it('give the same results, which consumers understand', () => {
    const results = samples
      .map(({ item }) => recordOf(item))
      .filter(({ status }) => isOutcome(status))
      .map(resultOf);
    const [, then] = samplesOf<ResultMessage[]>('result').find(([name]) => name === release) ?? [];
    expect(JSON.parse(JSON.stringify(results))).toEqual(then);
    for (const result of then ?? []) expect(resultMessage.safeParse(result).error).toBeUndefined();
  });

  it('are counted as the same changes', () => {
    expect(samples.map(({ item }) => changesOf(recordOf(item)).at(-1)?.id)).toEqual(
      samples.map(({ counted_as }) => counted_as),
    );
  });
});

it.each(samplesOf<{ lines: number; batch: Batch }>('batch'))(
  'a batch of %s goes on by the message that was sent then',
  async (release, { lines, batch }) => {
    const [, continuation] = samplesOf('batch continuation').find(([name]) => name === release) ?? [];
    const world = createBatchWorld();
    await world.leave(batch.key, linesOf(lines));
    await world.cloud.batchPorts.batches.create(batch);
    expect(await world.handle(JSON.stringify(continuation))).toEqual([]);
    await world.finish();
    await world.deliver();
    expect((await world.answers()).map(({ recordId }) => recordId)).toEqual(['R1', 'R2', 'R3']);
  },
);

it.each(samplesOf<{ v: number }>('lane memory'))('a plan of %s is taken over whole', (_release, sample) => {
  expect(JSON.parse(writeState(parseState(JSON.stringify(sample))))).toEqual(sample);
});

it('what a plan says of budgets is taken over whole', () => {
  const samples = samplesOf<{ budgets?: BookState }>('lane memory').flatMap(
    ([, { budgets }]) => budgets ?? [],
  );
  expect(samples.length).toBeGreaterThan(0);
  for (const sample of samples) expect(new BudgetBook(ENGINE.leaseMs, sample).snapshot()).toEqual(sample);
});

it.each(samplesOf<{ v: number }>('lane estimates'))(
  'estimates of %s are taken over whole',
  (_release, sample) => {
    const successor = new LaneEngine(ENGINE, undefined, JSON.stringify(sample));
    expect(JSON.parse(successor.estimates())).toEqual(sample);
  },
);

it('estimates in a plan, where the first release wrote them, are taken over whole', () => {
  const [, plan] = samplesOf<{ estimates: object }>('lane memory').find(([name]) => name === 'v1/json') ?? [];
  const successor = new LaneEngine(ENGINE, JSON.stringify(plan));
  expect(JSON.parse(successor.estimates())).toEqual({ v: 1, ...plan?.estimates });
});

it.each(samplesOf<Record<string, number>>('report-counters'))(
  'reports of %s add up with new ones',
  (_release, sample) => {
    const today = countersOf({
      end: 'settled',
      releasedAt: 5_000,
      startedAt: 5_200,
      finishedAt: 8_000,
      reservedTokens: 60,
      chargedTokens: 68,
      estimatedInputTokens: 20,
      inputTokens: 26,
      outputTokens: 9,
      tenant: 'shop',
      served: { priority: 1, expectedTokens: 50 },
      modelId: MODEL,
      task: 'answer',
    });
    expect(today).toEqual(expect.objectContaining(sample));
    const report = slotReportOf({ slot: 10, counters: sumOf(sample, today, { not_known_yet: 1 }) });
    expect(report).toMatchObject({ ended: 2, settled: 2, reserved: 120, duration_ms: 5_600 });
    expect(report.starts).toEqual([[2, 2]]);
    expect(report.charges).toEqual([[2, 120]]);
    expect(report.debts).toEqual([[12, 16]]);
    expect(report.owed).toEqual([{ priority: 1, tenant: 'shop', tokens: 36 }]);
    expect(report.answers).toEqual([
      { bucket: 13, cut: false, task: undefined, count: 2 },
      { bucket: 13, cut: false, task: 'answer', count: 2 },
    ]);
  },
);

it.each(samplesOf<Record<string, string | number>>('reporting-row'))(
  'a row of %s is summed up',
  (_release, sample) => {
    const {
      report_id,
      row,
      expires_at: _expires,
      counted: _counted,
      ...counters
    } = unmarshall(marshall(sample));
    const key = keyOf(report_id, row);
    expect(key).toMatchObject({ minute: '2025-11-22T22:00Z', priority: 1, tenant: 'shop' });
    const summary = summarise([{ key, counters }], ({ tenant }) => tenant).get('shop');
    expect(summary?.counters.completed).toBe(1);
    expect(summary?.wait_ms.p50).toBeCloseTo(5_200, -3);
  },
);

describe('what a newer release has written', () => {
  it('is refused as a hold message: the request comes back by its lease', async () => {
    const world = new World();
    const message = { ...(await world.release()), v: 2 };
    await expect(
      invokeBatch(world.ports, [{ messageId: 'm', body: JSON.stringify(message) }]),
    ).rejects.toThrow('hold message of version 2: this release reads versions up to 1');
    expect(world.calls).toEqual([]);
  });

  it('is not called as a payload, and costs the request no attempt', async () => {
    const world = new World();
    const message = await world.release();
    const { payload_key } = await world.record();
    await world.cloud.ports.payloads.put(payload_key, JSON.stringify({ v: 2, operation: 'converse' }));
    await expect(
      invokeBatch(world.ports, [{ messageId: 'm', body: JSON.stringify(message) }]),
    ).rejects.toThrow('payload of version 2');
    expect(world.calls).toEqual([]);
    expect(await world.cloud.ports.records.read('r1')).toMatchObject({
      status: 'RECEIVED',
      attempts: 0,
      failures: 0,
    });
  });

  it('is forgotten as a plan', () => {
    expect(parseState('{"v":2,"slots":[[1,2]]}')).toEqual({ slots: [] });
  });

  it('keeps its place in a record: unknown attributes are neither read nor lost', () => {
    const [sample] = samplesOf<RecordSample[]>('record')[0]?.[1] ?? [];
    const item = { ...sample?.item, colour: { S: 'red' } } as RecordSample['item'];
    expect(itemOfRecord(recordOf(item))).toEqual(item);
  });
});
