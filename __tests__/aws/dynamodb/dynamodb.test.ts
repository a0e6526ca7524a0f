import {
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dynamoClient } from '../../../src/aws/clients.ts';
import { dynamoBundleOffers } from '../../../src/aws/dynamodb/bundle-offers.ts';
import { dynamoDirectory } from '../../../src/aws/dynamodb/directory.ts';
import { dynamoLeadership, dynamoWatch } from '../../../src/aws/dynamodb/lane-states.ts';
import { dynamoRecords } from '../../../src/aws/dynamodb/records.ts';
import { dynamoSettings } from '../../../src/aws/dynamodb/settings.ts';
import { leaseIdUntil } from '../../../src/core/request/bundle-lease.ts';
import { backlogKey } from '../../../src/core/request/keys.ts';
import { claim } from '../../../src/core/request/transitions.ts';
import { type Emulators, startEmulators } from '../../../src/local/emulators.ts';
import { createTables, LANES, REQUESTS, useEndpoints } from '../../contract/aws-backend.ts';
import { newLane, releaseOf, waitingIn } from '../../fixtures/records.ts';
import { dieAtCall, loseFirstAnswer } from '../lost-answers.ts';

const WRITES = /^(Put|Update)Item/;

describe('DynamoDB adapters', () => {
  let emulators: Emulators;
  let client: DynamoDBClient;
  const clients: DynamoDBClient[] = [];
  const newClient = () => {
    clients.push(dynamoClient());
    return clients.at(-1) as DynamoDBClient;
  };

  beforeAll(async () => {
    emulators = await startEmulators();
    useEndpoints(emulators.dynamodbUrl, emulators.fauxqsUrl);
    client = newClient();
    await createTables(client);
  });
  afterAll(async () => {
    for (const each of clients) each.destroy();
    await emulators.stop();
  });

  it('announce a queue again that is forgotten while a late announcement finds a later one', async () => {
    const lane = newLane();
    const key = backlogKey({ lane, priority: 3, tenant: 'a', shard: 0 });
    const directory = dynamoDirectory(client, LANES);
    await directory.announce(key, 5_000);
    const racing = newClient();
    let forgotten = 0;
    racing.middlewareStack.add(
      (next) => async (args) => {
        try {
          return await next(args);
        } catch (error) {
          for (const entry of await directory.list(lane)) {
            forgotten += 1;
            await directory.forget(entry);
          }
          throw error;
        }
      },
      { step: 'initialize' },
    );
    await dynamoDirectory(racing, LANES).announce(key, 4_000, { request_id: 'r1', generation: 0 });
    expect(forgotten).toBe(1);
    expect(await directory.list(lane)).toMatchObject([{ backlog_key: key, announced_at: 4_000 }]);
  });

  it('know their own creation when its answer was lost', async () => {
    const unreliable = newClient();
    const losses = loseFirstAnswer(unreliable, WRITES);
    const record = waitingIn(newLane());
    expect(await dynamoRecords(unreliable, REQUESTS).create(record)).toBeUndefined();
    expect(losses.lost).toBe(1);
    expect(await dynamoRecords(client, REQUESTS).create(record)).toMatchObject({ status: 'RECEIVED' });
  });

  it('know their own transition when its answer was lost, and no other’s', async () => {
    const unreliable = newClient();
    const record = waitingIn(newLane());
    await dynamoRecords(client, REQUESTS).create(record);
    const losses = loseFirstAnswer(unreliable, WRITES);
    const move = await dynamoRecords(unreliable, REQUESTS).move(
      claim(releaseOf(record), { released_at: 1 }, 2),
    );
    expect(losses.lost).toBe(1);
    expect(move).toMatchObject({ applied: true, record: { status: 'IN_PROGRESS', generation: 1 } });
    const again = await dynamoRecords(client, REQUESTS).move(claim(releaseOf(record), { released_at: 1 }, 2));
    expect(again).toEqual({ applied: false, record: move.record });
  });

  it('take an offered bundle when the answer was lost', async () => {
    const unreliable = newClient();
    const losses = loseFirstAnswer(unreliable, /^DeleteItem/);
    const [lane, lease] = [newLane(), leaseIdUntil(1_000)];
    const releases = [{ request_id: 'r1', generation: 1 }];
    const offers = dynamoBundleOffers(client, LANES);
    await offers.make({ v: 1, lane, lease, released_at: 7, releases, bytes: 1, offered: true });
    expect(await dynamoBundleOffers(unreliable, LANES).take(lease)).toBe(true);
    expect(losses.lost).toBe(1);
    expect(await offers.take(lease)).toBe(false);
  });

  it('wake a lane once when the answer to the mark was lost', async () => {
    const unreliable = newClient();
    const losses = loseFirstAnswer(unreliable, WRITES);
    const lane = newLane();
    expect(await dynamoWatch(unreliable, LANES).markWoken(lane, 5_000)).toBe(true);
    expect(losses.lost).toBe(1);
    expect(await dynamoWatch(client, LANES).markWoken(lane, 5_000)).toBe(false);
  });

  it('lead a lane whose lease was taken by a write whose answer was lost', async () => {
    const unreliable = newClient();
    const losses = loseFirstAnswer(unreliable, WRITES);
    const lane = newLane();
    const led = await dynamoLeadership(unreliable, LANES).acquire(lane, 'a', 0, 100);
    expect(losses.lost).toBe(1);
    if (!led) throw new Error('The lane was not acquired');
    expect(await dynamoLeadership(client, LANES).acquire(lane, 'b', 50, 150)).toBeUndefined();
    expect(await dynamoLeadership(client, LANES).renew(led, {}, 200)).toBe('challenged');
  });

  it('find what an earlier release announced elsewhere, once it has been adopted, as it was announced last', async () => {
    const lane = newLane();
    const directory = dynamoDirectory(client, LANES);
    const [once, twice] = [1, 2].map((shard) => backlogKey({ lane, priority: 3, tenant: 'a', shard }));
    const earlier = (item = '', at = 0) => ({
      ...{ lane: { S: `${lane}|queues|3` }, item: { S: item } },
      ...{
        announced_at: { N: `${at}` },
        nonce: { S: `n${at}` },
        request_id: { S: 'r1' },
        generation: { N: '0' },
      },
    });
    await client.send(new PutItemCommand({ TableName: LANES, Item: earlier(once, 7) }));
    await client.send(new PutItemCommand({ TableName: LANES, Item: earlier(twice, 8) }));
    await directory.announce(twice ?? '', 9);
    expect(await directory.list(lane)).toMatchObject([{ backlog_key: twice, announced_at: 9 }]);
    for (const _ of ['first', 'again']) {
      await directory.adoptEarlier(lane);
      expect(await directory.list(lane)).toMatchObject([
        { backlog_key: once, announced_at: 7, nonce: 'n7', about: { request_id: 'r1', generation: 0 } },
        { backlog_key: twice, announced_at: 9 },
      ]);
    }
    for (const entry of await directory.list(lane)) await directory.forget(entry);
    await directory.adoptEarlier(lane);
    expect(await directory.list(lane)).toEqual([]);
  });

  describe('take over a lane', () => {
    const leadership = () => dynamoLeadership(client, LANES);
    const lease = async (lane: string, holder: string, now: number) => {
      const led = await leadership().acquire(lane, holder, now, now + 100);
      if (!led) throw new Error(`${holder} did not get ${lane}`);
      return led;
    };
    const itemOf = async (lane: string, item: string) => {
      const key = { lane: { S: lane }, item: { S: item } };
      return (await client.send(new GetItemCommand({ TableName: LANES, Key: key }))).Item ?? {};
    };

    /** As the previous release led: the plan is in the state item. */
    const ledByPreviousRelease = (lane: string, token: number, memory: string) =>
      client.send(
        new UpdateItemCommand({
          TableName: LANES,
          Key: { lane: { S: lane }, item: { S: 'state' } },
          UpdateExpression: 'SET memory = :memory, lease_until = :now, #token = :token',
          ExpressionAttributeNames: { '#token': 'token' },
          ExpressionAttributeValues: {
            ':memory': { S: memory },
            ':now': { N: '0' },
            ':token': { N: `${token}` },
          },
        }),
      );

    it('from the previous release with its plan, which leaves the state item once there is one of our own', async () => {
      const lane = newLane();
      await ledByPreviousRelease(lane, 7, 'old plan');
      const first = await lease(lane, 'a', 10);
      expect(first).toEqual({ lane, holder: 'a', token: 8, plan: 'old plan' });
      await leadership().writePlan(first, 'new plan');
      // It dies here. The old plan is still there, and older than what it has written.
      const second = await lease(lane, 'b', 200);
      expect(second.plan).toBe('new plan');
      await leadership().renew(second, {}, 300);
      expect(await itemOf(lane, 'state')).not.toHaveProperty('memory');
      // Back to the previous release, and forth again: the last to lead knows best.
      await ledByPreviousRelease(lane, 10, 'plan after a step back');
      expect((await lease(lane, 'c', 400)).plan).toBe('plan after a step back');
    });

    it('from a release that wrote plan and estimates as texts, and keeps its own compressed', async () => {
      const lane = newLane();
      await lease(lane, 'a', 0);
      for (const item of ['plan', 'estimates']) {
        await client.send(
          new UpdateItemCommand({
            TableName: LANES,
            Key: { lane: { S: lane }, item: { S: item } },
            UpdateExpression: 'SET #text = :text',
            ExpressionAttributeNames: { '#text': item },
            ExpressionAttributeValues: { ':text': { S: `{"${item}":1}` } },
          }),
        );
      }
      const taken = await lease(lane, 'b', 100);
      expect(taken).toMatchObject({ plan: '{"plan":1}', estimates: '{"estimates":1}' });
      const plan = JSON.stringify({
        slots: Array.from({ length: 100 }, (_, slot) => [slot, 1, 8_252, 8_252]),
      });
      await leadership().writePlan(taken, plan);
      await leadership().writeEstimates(taken, plan, 1);
      for (const item of ['plan', 'estimates']) {
        expect((await itemOf(lane, item))[item]?.B?.length).toBeLessThan(plan.length / 2);
      }
      expect(await lease(lane, 'c', 200)).toMatchObject({ plan, estimates: plan });
    });

    it('whose last leader died after it took the lease: what was written before it counts', async () => {
      const lane = newLane();
      const first = await lease(lane, 'a', 0);
      await leadership().writePlan(first, 'plan of a');
      const dying = newClient();
      const calls = dieAtCall(dying, 2);
      await expect(dynamoLeadership(dying, LANES).acquire(lane, 'b', 100, 200)).rejects.toThrow('dead');
      expect(calls.made).toBeGreaterThan(1);
      // Nobody has taken the plan: the first leader, which may not know yet, can still write it, and it still counts.
      expect(await leadership().writePlan(first, 'last plan of a')).toBe(true);
      const third = await lease(lane, 'c', 200);
      expect(third.plan).toBe('last plan of a');
      expect(await leadership().writePlan(first, 'too late')).toBe(false);
    });

    it('whose state others read: it stays small, however large the plan', async () => {
      const lane = newLane();
      const leader = await lease(lane, 'a', 0);
      await leadership().writePlan(leader, 'x'.repeat(50_000));
      await leadership().writeEstimates(leader, 'x'.repeat(50_000), 1);
      const limits = { requests_per_minute: 10_000, tokens_per_minute: 30_000_000 };
      const figures = {
        unfinished: 9_999,
        bundles: 999,
        waiting: true,
        utilisation: 0.987_654_321,
        share: 0.987_654_321,
      };
      await leadership().renew(leader, { limits, figures }, 1_800_000_000_000);
      await dynamoWatch(client, LANES).markWoken(lane, 1_800_000_000_000);
      // A read of up to 4 KiB and a write of up to 1 KiB are one unit.
      expect(JSON.stringify(await itemOf(lane, 'state')).length).toBeLessThan(1_024);
    });
  });

  it('read the settings as Terraform writes them, null for what is unset', async () => {
    const settings = dynamoSettings(client, LANES);
    const json = JSON.stringify({
      quota_overrides: { 'amazon.nova-lite-v1:0': { requests_per_minute: null, tokens_per_minute: 5 } },
      tenant_weights: { chat: 3 },
    });
    const Item = { lane: { S: 'settings' }, item: { S: 'variables' }, json: { S: json } };
    await client.send(new PutItemCommand({ TableName: LANES, Item }));
    expect(await settings.read()).toEqual({
      quota_overrides: { 'amazon.nova-lite-v1:0': { tokens_per_minute: 5 } },
      tenant_weights: { chat: 3 },
    });
  });

  it('pass on what is neither a refusal nor their own', async () => {
    await expect(dynamoRecords(client, 'no-such-table').create(waitingIn(newLane()))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });
});
