import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dynamoClient } from '../../../src/aws/clients.ts';
import { dynamoLeadership, dynamoWatch } from '../../../src/aws/dynamodb/lane-states.ts';
import { dynamoRecords } from '../../../src/aws/dynamodb/records.ts';
import { dynamoSettings } from '../../../src/aws/dynamodb/settings.ts';
import { queue } from '../../../src/core/request/transitions.ts';
import { type Emulators, startEmulators } from '../../../src/local/emulators.ts';
import { createTables, LANES, REQUESTS, useEndpoints } from '../../contract/aws-backend.ts';
import { newLane, waitingIn } from '../../fixtures/records.ts';
import { loseFirstAnswer } from '../lost-answers.ts';

const grant = { releasedAt: 1, reservedTokens: 1, maxTokens: 1, leaseUntil: 2 };

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
    const move = await dynamoRecords(unreliable, REQUESTS).move(queue(record, grant));
    expect(losses.lost).toBe(1);
    expect(move).toMatchObject({ applied: true, record: { status: 'QUEUED', generation: 1 } });
    const again = await dynamoRecords(client, REQUESTS).move(queue(record, grant));
    expect(again).toEqual({ applied: false, record: move.record });
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
    expect(await dynamoLeadership(client, LANES).writePlan(led, { snapshot: '{}' }, 200)).toBe('challenged');
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
