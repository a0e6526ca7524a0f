import { type DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { dynamoClient } from '../../../src/aws/clients.ts';
import { dynamoReportRows } from '../../../src/aws/dynamodb/report-rows.ts';
import { TABLES } from '../../../src/core/layout/tables.ts';
import type { ReportRows, RowKey } from '../../../src/core/reporting/ports.ts';
import { attributesOfKey, ROW_RETENTION_MS } from '../../../src/core/reporting/rows.ts';
import { createTable } from '../../../src/lab/tables.ts';
import { type Emulators, startEmulators } from '../../../src/local/emulators.ts';
import { createReportRows } from '../../../src/memory/reporting.ts';
import { useEndpoints } from '../../contract/aws-backend.ts';

const TABLE = 'reporting';
let emulators: Emulators;
let client: DynamoDBClient;

beforeAll(async () => {
  emulators = await startEmulators();
  useEndpoints(emulators.dynamodbUrl, emulators.fauxqsUrl);
  client = dynamoClient();
  await createTable(client, TABLE, TABLES.reporting);
});

afterAll(async () => {
  client.destroy();
  await emulators.stop();
  vi.unstubAllEnvs();
});

let lanes = 0;
afterEach(() => void lanes++);
const keyOf = (fields: Partial<RowKey> = {}): RowKey => ({
  lane: `anthropic.claude-haiku-4-5:geo-${lanes}`,
  minute: '2026-11-22T19:40Z',
  priority: 3,
  tenant: 'a.b_c-d',
  part: '',
  shard: 5,
  ...fields,
});

describe.each([
  ['in memory', () => createReportRows()],
  ['on DynamoDB', () => dynamoReportRows(client, TABLE)],
])('report rows %s', (_, create) => {
  let rows: ReportRows;
  beforeAll(() => {
    rows = create();
  });

  it('add up, and are read with all others of their lane and minute', async () => {
    const other = keyOf({ shard: 6 });
    expect(await rows.add(keyOf(), { counters: { accepted: 2, wait_7: 1 }, changes: ['a', 'b'] })).toBe(true);
    expect(await rows.add(keyOf(), { counters: { accepted: 1 }, changes: ['c'] })).toBe(true);
    expect(await rows.add(other, { counters: { failed: 1 }, changes: ['a'] })).toBe(true);
    await rows.add(keyOf({ minute: '2026-11-22T19:41Z' }), { counters: { failed: 9 }, changes: ['a'] });
    const found = await rows.rows(keyOf().lane, keyOf().minute);
    expect(found.sort((x, y) => x.key.shard - y.key.shard)).toEqual([
      { key: keyOf(), counters: { accepted: 3, wait_7: 1 } },
      { key: other, counters: { failed: 1 } },
    ]);
  });

  it('take nothing of an addition with a change that is counted already', async () => {
    await rows.add(keyOf(), { counters: { accepted: 1 }, changes: ['a'] });
    expect(await rows.add(keyOf(), { counters: { accepted: 2 }, changes: ['b', 'a'] })).toBe(false);
    expect(await rows.counted(keyOf())).toEqual(new Set(['a']));
    expect((await rows.rows(keyOf().lane, keyOf().minute))[0]?.counters).toEqual({ accepted: 1 });
  });

  it('are full with two hundred changes: others are counted below them', async () => {
    const below = keyOf({ part: '53', shard: 3 });
    for (const write of [0, 1, 2, 3]) {
      const changes = Array.from({ length: 50 }, (__, i) => `change-${write}-${i}`);
      expect(await rows.add(keyOf(), { counters: { accepted: 50 }, changes })).toBe(true);
    }
    expect(await rows.add(keyOf(), { counters: { accepted: 1 }, changes: ['late'] })).toBe(false);
    expect((await rows.counted(keyOf())).size).toBe(200);
    expect(await rows.add(below, { counters: { accepted: 1 }, changes: ['late'] })).toBe(true);
    const { lane, minute } = keyOf();
    expect(await rows.rows(lane, minute)).toEqual([
      { key: keyOf(), counters: { accepted: 200 }, isFull: true },
    ]);
    expect(await rows.rows(lane, minute, '53')).toEqual([{ key: below, counters: { accepted: 1 } }]);
  });

  it('know nothing of a row that is not there', async () => {
    expect(await rows.counted(keyOf())).toEqual(new Set());
    expect(await rows.rows(keyOf().lane, keyOf().minute)).toEqual([]);
  });

  it('take as many changes and counters as a write may have', async () => {
    const changes = Array.from({ length: 50 }, (__, i) => `change-${i}-xxxx`);
    const counters = Object.fromEntries(Array.from({ length: 115 }, (__, i) => [`latency_${i}`, 1]));
    expect(await rows.add(keyOf(), { counters, changes })).toBe(true);
    expect((await rows.counted(keyOf())).size).toBe(50);
  });
});

it('a row expires long after its minute', async () => {
  const rows = dynamoReportRows(client, TABLE);
  await rows.add(keyOf(), { counters: { accepted: 1 }, changes: ['a'] });
  const key = Object.fromEntries(Object.entries(attributesOfKey(keyOf())).map(([name, S]) => [name, { S }]));
  const { Item } = await client.send(new GetItemCommand({ TableName: TABLE, Key: key }));
  expect(Number(Item?.expires_at?.N)).toBe((Date.parse(keyOf().minute) + ROW_RETENTION_MS) / 1000);
});
