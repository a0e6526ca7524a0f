import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { dynamoClient } from '../../../src/aws/clients.ts';
import { dynamoChangedRecords } from '../../../src/aws/dynamodb/operations.ts';
import { dynamoRecords } from '../../../src/aws/dynamodb/records.ts';
import { operateDeadLetters } from '../../../src/cli/operator/dead-letters.ts';
import { rejectedRecord } from '../../../src/core/ingestion/rejected-record.ts';
import { TABLES } from '../../../src/core/layout/tables.ts';
import { NotCountedError, UnknownDeadLetterError } from '../../../src/core/operations/errors.ts';
import type { DeadLetterQueue, HeldMessage, Interval } from '../../../src/core/operations/ports.ts';
import { intervalOf, recount } from '../../../src/core/operations/recount.ts';
import { changesOf } from '../../../src/core/reporting/change.ts';
import { countChanges } from '../../../src/core/reporting/count.ts';
import type { RequestRecord, StoredRecord } from '../../../src/core/request/record.ts';
import { createTable } from '../../../src/lab/tables.ts';
import { type Emulators, startEmulators } from '../../../src/local/emulators.ts';
import { createReportRows } from '../../../src/memory/reporting.ts';
import { REQUESTS, useEndpoints } from '../../contract/aws-backend.ts';
import { lifeOf } from '../../fixtures/lives.ts';

const NOON = Date.UTC(2026, 10, 2, 12);
const HOUR_MS = 3_600_000;

/** As Lambda writes it for a batch of the stream that it gave up. */
function letter(id: string, firstAt: number, lastAt: number): HeldMessage {
  const body = JSON.stringify({
    version: '1.0',
    requestContext: { condition: 'RetryAttemptsExhausted', approximateInvokeCount: 11 },
    DDBStreamBatchInfo: {
      shardId: 'shardId-1',
      approximateArrivalOfFirstRecord: new Date(firstAt).toISOString(),
      approximateArrivalOfLastRecord: new Date(lastAt).toISOString(),
      batchSize: 3,
    },
  });
  return { id, body, sentAt: lastAt, handle: id };
}

function queueOf(...letters: HeldMessage[]): DeadLetterQueue & { ids(): string[] } {
  let [waiting, held] = [letters, [] as HeldMessage[]];
  return {
    ids: () => [...waiting, ...held].map(({ id }) => id).sort(),
    async receive() {
      const received = waiting.splice(0, 10);
      held.push(...received);
      return received;
    },
    async delete({ id }) {
      held = held.filter((message) => message.id !== id);
    },
    async giveBack(messages) {
      waiting.push(...messages);
      held = held.filter((message) => !messages.includes(message));
    },
  };
}

/** What a table says of these lives now, and what the stream has brought. */
function livesAt(...times: [id: string, at: number][]): { stand: RequestRecord[]; images: RequestRecord[] } {
  const lives = times.map(([id, at]) => lifeOf(id, { accepted_at: at }));
  return { stand: lives.map((life) => life.at(-1) as RequestRecord), images: lives.flat() };
}

const changesIn = (images: readonly StoredRecord[]) => images.flatMap(changesOf);
const recordsOf = (stand: readonly StoredRecord[]) => ({
  async *changed() {
    yield* stand;
  },
});
const ALL: Interval[] = [{ from: 0, to: Number.MAX_SAFE_INTEGER }];

/** Rows in the order of their keys. */
function sorted(rows: ReturnType<typeof createReportRows>) {
  return rows.all().sort((a, b) => (JSON.stringify(a.key) < JSON.stringify(b.key) ? -1 : 1));
}

async function cleanPass(images: readonly StoredRecord[]) {
  const rows = createReportRows();
  await countChanges(rows, changesIn(images));
  return sorted(rows);
}

describe('counting from the records', () => {
  const rejected = rejectedRecord(
    { id: 'refused', body: 'not JSON' },
    { error: { type: 'InvalidMessage', message: 'not JSON' }, resultId: 'refused', usable: {} },
    NOON,
  );

  it('gives what one clean pass over the stream gives, whatever was counted before, however often', async () => {
    const { stand, images } = livesAt(['r1', NOON], ['r2', NOON + 1_000], ['r3', NOON + 61_000]);
    const clean = await cleanPass([...images, rejected]);
    const rows = createReportRows();
    await countChanges(rows, changesIn(images.slice(0, 3)));
    for (let time = 0; time < 2; time++) {
      expect(await recount(rows, recordsOf([...stand, rejected]), ALL)).toBe(7);
      expect(sorted(rows)).toEqual(clean);
    }
  });

  it('gives the same of requests that were cancelled: before they came, or while they waited', async () => {
    const [waiting = expect.fail()] = lifeOf('r1', { accepted_at: NOON });
    const cancelled: RequestRecord = { ...waiting, status: 'CANCELLED', finished_at: NOON + 61_000 };
    const early: RequestRecord = { ...cancelled, request_id: 'r2' };
    const clean = await cleanPass([waiting, cancelled, early]);
    const sum = (name: string) => clean.reduce((all, { counters }) => all + (counters[name] ?? 0), 0);
    expect([sum('accepted'), sum('cancelled')]).toEqual([2, 2]);
    const rows = createReportRows();
    await countChanges(rows, changesIn([waiting, cancelled, early]));
    expect(await recount(rows, recordsOf([cancelled, early]), ALL)).toBe(4);
    expect(sorted(rows)).toEqual(clean);
  });

  it('would count twice, if rows did not remember what they have counted', async () => {
    const { stand, images } = livesAt(['r1', NOON]);
    const rows = createReportRows();
    const forgetful: typeof rows = {
      ...rows,
      add: (key, { counters }) => rows.add(key, { counters, changes: [] }),
    };
    await countChanges(forgetful, changesIn(images));
    await recount(forgetful, recordsOf(stand), ALL);
    expect(sorted(rows)).not.toEqual(await cleanPass(images));
  });

  it('looks at the changes of the times that are asked for only', async () => {
    const { stand } = livesAt(['early', NOON], ['late', NOON + 5 * HOUR_MS]);
    const rows = createReportRows();
    const around = intervalOf(letter('m', NOON + 5 * HOUR_MS, NOON + 5 * HOUR_MS));
    expect(await recount(rows, recordsOf(stand), [around])).toBe(2);
    expect(new Set(rows.all().map(({ key }) => key.minute))).toEqual(new Set(['2026-11-02T17:00Z']));
  });

  it('counts the others when one cannot be, and names it', async () => {
    const { stand, images } = livesAt(['r1', NOON], ['r2', NOON + 61_000]);
    const rows = createReportRows();
    const failing: typeof rows = {
      ...rows,
      add: async (key, addition) => {
        if (key.minute.includes('12:00')) throw new Error('row too large');
        return rows.add(key, addition);
      },
    };
    const counting = recount(failing, recordsOf(stand), ALL);
    await expect(counting).rejects.toThrow(NotCountedError);
    await expect(counting).rejects.toThrow(
      '2 changes could not be counted, the first of request r1: Error: row',
    );
    expect(sorted(rows)).toEqual(await cleanPass(images.slice(4)));
  });
});

describe('redriving what reporting failed on', () => {
  let lines: string[];
  beforeEach(() => {
    lines = [];
  });
  const redrive = (
    queue: DeadLetterQueue,
    count: (intervals: readonly Interval[]) => Promise<number>,
    id?: string,
  ) =>
    operateDeadLetters(
      'redrive',
      { queue: 'reporting', id },
      {
        names: async (output) => output,
        deadLetters: () => queue,
        target: () => ({ send: async () => undefined }),
        recount: count,
      },
      (line) => void lines.push(line),
    );

  it('counts first and deletes then: cut off in between, it is done again and changes nothing', async () => {
    const { stand, images } = livesAt(['r1', NOON]);
    const rows = createReportRows();
    const count = (intervals: readonly Interval[]) => recount(rows, recordsOf(stand), intervals);
    const queue = queueOf(letter('m1', NOON, NOON + 1_000), letter('m2', NOON, NOON));
    const cut = {
      ...queue,
      delete: async () => {
        throw new Error('cut');
      },
    };
    await expect(redrive(cut, count)).rejects.toThrow('cut');
    expect(queue.ids()).toEqual(['m1', 'm2']);
    expect(await redrive(queue, count)).toBe(2);
    expect(queue.ids()).toEqual([]);
    expect(lines.slice(-2)).toEqual([
      'reporting: 2 changes from these times have been counted',
      'reporting: 2 counted and removed',
    ]);
    expect(sorted(rows)).toEqual(await cleanPass(images));
  });

  it('leaves the letters where counting fails, and others than the one named', async () => {
    const queue = queueOf(letter('m1', NOON, NOON), letter('m2', NOON + HOUR_MS, NOON + HOUR_MS));
    await expect(
      redrive(queue, async () => {
        throw new Error('table down');
      }),
    ).rejects.toThrow('table down');
    expect(queue.ids()).toEqual(['m1', 'm2']);
    let asked: readonly Interval[] = [];
    const count = async (intervals: readonly Interval[]) => {
      asked = intervals;
      return 0;
    };
    expect(await redrive(queue, count, 'm2')).toBe(1);
    expect(queue.ids()).toEqual(['m1']);
    expect(asked).toEqual([intervalOf(letter('m2', NOON + HOUR_MS, NOON + HOUR_MS))]);
    expect(await redrive(queue, count, 'm2')).toBe(0);
  });

  it.each(['{', '{"hello": 1}', '{"DDBStreamBatchInfo": {"approximateArrivalOfFirstRecord": "now"}}'])(
    'refuses a message that Lambda has not put there: %s',
    async (body) => {
      const queue = queueOf({ id: 'strange', body, sentAt: 0, handle: 'h' });
      await expect(redrive(queue, async () => 0)).rejects.toThrow(UnknownDeadLetterError);
      expect(queue.ids()).toEqual(['strange']);
    },
  );
});

describe('the table of requests', () => {
  let emulators: Emulators;
  let client: DynamoDBClient;
  beforeAll(async () => {
    emulators = await startEmulators();
    useEndpoints(emulators.dynamodbUrl, emulators.fauxqsUrl);
    client = dynamoClient();
    await createTable(client, REQUESTS, TABLES.requests);
  });
  afterAll(async () => {
    client.destroy();
    await emulators.stop();
  });

  it('says what was accepted or ended in an interval, its ends included', async () => {
    const { stand } = livesAt(['before', NOON - HOUR_MS], ['at', NOON], ['after', NOON + HOUR_MS]);
    const [waiting] = lifeOf('waiting', { accepted_at: NOON + 10 });
    for (const record of [...stand, waiting as RequestRecord]) {
      await dynamoRecords(client, REQUESTS).create(record);
    }
    const { finished_at = 0 } = stand[0] as RequestRecord;
    const found: string[] = [];
    for await (const record of dynamoChangedRecords(client, REQUESTS).changed({
      from: finished_at,
      to: NOON + 10,
    }))
      found.push(record.request_id);
    expect(found.sort()).toEqual(['at', 'before', 'waiting']);
  });
});
