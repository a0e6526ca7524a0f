import { SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dynamoClient, s3Client } from '../../../src/aws/clients.ts';
import { dynamoRecords } from '../../../src/aws/dynamodb/records.ts';
import { awaited } from '../../../src/cli/commands/results.ts';
import { statusText } from '../../../src/cli/report/status-text.ts';
import { awsPorts } from '../../../src/client/aws-ports.ts';
import { type RequestStatus, type Result, ResultTimeoutError } from '../../../src/client/index.ts';
import { backlogKey, MOST_BACKLOG_SHARDS } from '../../../src/core/request/keys.ts';
import { type Emulators, startEmulators } from '../../../src/local/emulators.ts';
import { createTables, REQUESTS, useEndpoints } from '../../contract/aws-backend.ts';
import { newLane, waitingIn } from '../../fixtures/records.ts';

describe('what is ahead of a request', () => {
  let emulators: Emulators;
  let connection: Parameters<typeof awsPorts>[0];

  beforeAll(async () => {
    emulators = await startEmulators();
    useEndpoints(emulators.dynamodbUrl, emulators.fauxqsUrl);
    const outputs = { input_queue_url: '', requests_table_name: REQUESTS, bedrock_calls_bucket_name: '' };
    connection = { outputs, sqs: new SQSClient(), dynamo: dynamoClient(), s3: s3Client(process.env) };
    await createTables(connection.dynamo);
  });
  afterAll(async () => {
    const { sqs, dynamo, s3 } = connection;
    for (const client of [sqs, dynamo, s3]) client.destroy();
    await emulators.stop();
  });

  /** Requests of one tenant, one after the other, each in the shard that is given; another tenant's come before them all. */
  async function queueOf(shards: readonly number[]) {
    const line = { lane: newLane(), priority: 3, tenant: 'acme' } as const;
    const records = dynamoRecords(connection.dynamo, REQUESTS);
    const create = (tenant: string, shard: number, order: number) => {
      const queue = backlogKey({ ...line, tenant, shard });
      const place = { queue, backlog_key: queue, arrival: order, backlog_order: order };
      return records.create(waitingIn(line.lane, { tenant, input_tokens: 10, max_tokens: 5, ...place }));
    };
    await create('globex', 0, 0);
    for (const [index, shard] of shards.entries()) await create('acme', shard, index + 1);
    return backlogKey({ ...line, shard: shards.at(-1) ?? 0 });
  }

  it('is counted in every shard of its queue, and only what is before it', async () => {
    const key = await queueOf([0, 1, 7, MOST_BACKLOG_SHARDS - 1, 7, 2]);
    const { ahead } = awsPorts(connection);
    expect(await ahead(key, 6)).toEqual({ requests: 5, tokens: 75, more: false });
    expect(await ahead(key, 3)).toEqual({ requests: 2, tokens: 30, more: false });
  });

  it('is counted to the end where a calm queue is in one shard', async () => {
    const key = await queueOf(Array(40).fill(0));
    expect(await awsPorts(connection).ahead(key, 40)).toEqual({ requests: 39, tokens: 585, more: false });
  });

  it.each([
    ['from the shards that have more, to their end', 30, { requests: 11, tokens: 165, more: false }],
    ['up to the most, and then that there is more', 4, { requests: 4, tokens: 60, more: true }],
    ['no further than one round beyond the most', 3, { requests: 4, tokens: 60, more: true }],
  ])('is counted in rounds, %s', async (_, most, expected) => {
    const key = await queueOf([0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1]);
    expect(await awsPorts(connection, most).ahead(key, 12)).toEqual(expected);
  });
});

describe('the status of a request', () => {
  const NOW = Date.parse('2026-11-22T19:40:00Z');
  const waits: RequestStatus = {
    ...{ state: 'RECEIVED', cancelRequested: false, ahead: { requests: 1, tokens: 300, more: false } },
    expectedStart: { p50: NOW + 10_000, p95: NOW + 20_000 },
  };

  it('says of the expected start that it was estimated at acceptance', () => {
    expect(statusText('r1', waits, NOW)).toBe(
      'r1  RECEIVED  1 request, 300 tokens ahead  estimated at acceptance: starts at 2026-11-22 19:40:10Z (p50), 19 in 20 by 2026-11-22 19:40:20Z (p95)',
    );
  });

  it('says when that is past, and what tells more', () => {
    expect(statusText('r1', waits, NOW + 20_000)).not.toContain('overdue');
    expect(statusText('r1', waits, NOW + 20_001)).toMatch(/ {2}\(overdue; see smoother why r1\)$/);
  });
});

describe('waiting for a result', () => {
  const result = { requestId: 'r1', status: 'COMPLETED' } as Result;
  const { signal } = new AbortController();

  /** Its result comes so late that only who has no limit of time gets it, unless it is there at once. */
  function handleOf(state: RequestStatus['state'], isThere = false) {
    return {
      requestId: 'r1',
      outcome: async ({ timeoutMs }: { timeoutMs?: number } = {}) => {
        if (timeoutMs !== undefined && !isThere) throw new ResultTimeoutError('r1', timeoutMs);
        return result;
      },
      status: async () => ({ state, cancelRequested: false }),
    };
  }

  it.each<[string, RequestStatus['state'], boolean, RegExp[]]>([
    ['nothing of a result that is there', 'COMPLETED', true, []],
    ['what it waits for', 'RECEIVED', false, [/^Waiting for the result of r1, which is RECEIVED$/]],
    [
      'where a rejection is found, of a request that nobody knows',
      'UNKNOWN',
      false,
      [/which is UNKNOWN$/, /There is no record of r1\.[\s\S]*rejected\/MESSAGE_ID[\s\S]*query one-request/],
    ],
  ])('says %s', async (_, state, isThere, expected) => {
    const said: string[] = [];
    expect(await awaited(handleOf(state, isThere), signal, (text) => said.push(text))).toBe(result);
    expect(said).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
  });
});
