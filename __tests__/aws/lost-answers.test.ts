/** Where the answer to a call of SQS or S3 is lost after it took effect, the SDK makes it again, which must do no harm. */
import { CreateBucketCommand, type S3Client } from '@aws-sdk/client-s3';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { s3Client } from '../../src/aws/clients.ts';
import { sqsDeadLetters } from '../../src/aws/operator-queues.ts';
import { s3Inbox, s3Payloads } from '../../src/aws/s3.ts';
import { sqsHoldQueue, sqsResults } from '../../src/aws/sqs.ts';
import { runWorker } from '../../src/core/invocation/worker.ts';
import type { HoldMessage } from '../../src/core/request/hold-message.ts';
import { resultOf } from '../../src/core/request/result.ts';
import { type Emulators, startEmulators } from '../../src/local/emulators.ts';
import { useEndpoints } from '../contract/aws-backend.ts';
import { World } from '../fixtures/invocation-world.ts';
import { lifeOf } from '../fixtures/lives.ts';
import { loseFirstAnswer } from './lost-answers.ts';

let emulators: Emulators;
beforeAll(async () => {
  emulators = await startEmulators();
  useEndpoints(emulators.dynamodbUrl, emulators.fauxqsUrl);
});
afterAll(() => emulators.stop());

describe('SQS', () => {
  let unreliable: SQSClient;
  let client: SQSClient;
  let queueUrl: string;
  beforeEach(async ({ task }) => {
    // The emulator's queue URLs name a host that nothing resolves.
    [unreliable, client] = [
      new SQSClient({ useQueueUrlAsEndpoint: false }),
      new SQSClient({ useQueueUrlAsEndpoint: false }),
    ];
    const { QueueUrl = '' } = await client.send(new CreateQueueCommand({ QueueName: `lost-${task.id}` }));
    queueUrl = QueueUrl;
  });
  afterEach(() => {
    for (const each of [unreliable, client]) each.destroy();
  });
  const bodies = async () => {
    const receive = new ReceiveMessageCommand({ QueueUrl: queueUrl, MaxNumberOfMessages: 10 });
    const { Messages = [] } = await client.send(receive);
    return Messages.map(({ Body = '' }) => Body);
  };

  it('has a result twice, both alike', async () => {
    const losses = loseFirstAnswer(unreliable, /^SendMessageCommand/);
    const [, , ended] = lifeOf('r1');
    if (ended === undefined) throw new Error('No life');
    await sqsResults(unreliable, queueUrl).send(resultOf(ended));
    expect(losses.lost).toBe(1);
    const [first, second, ...more] = await bodies();
    expect(JSON.parse(first ?? '')).toMatchObject({ request_id: 'r1', status: 'COMPLETED' });
    expect(second).toBe(first);
    expect(more).toEqual([]);
  });

  it('has a bundle twice, of which Bedrock is called for once', async () => {
    const losses = loseFirstAnswer(unreliable, /^SendMessageBatchCommand/);
    const world = new World();
    await sqsHoldQueue(unreliable, queueUrl).send([await world.release(['r1', 'r2'])]);
    expect(losses.lost).toBe(1);
    const bundles = (await bodies()).map((body) => JSON.parse(body) as HoldMessage);
    expect(bundles).toHaveLength(2);
    await Promise.all(bundles.map((bundle) => runWorker(world.ports, bundle)));
    expect(world.calls).toHaveLength(2);
    expect(world.cloud.sent.map(({ request_id }) => request_id).sort()).toEqual(['r1', 'r2']);
    expect(await world.counters()).toMatchObject({ ended: 2, settled: 2, bundles_ended: 1 });
  });

  it('deletes a dead letter once, and is content to be asked again', async () => {
    await sqsResults(client, queueUrl).send({ request_id: 'r1' } as never);
    const losses = loseFirstAnswer(unreliable, /^DeleteMessageCommand/);
    const letters = sqsDeadLetters(unreliable, queueUrl);
    const [letter] = await letters.receive();
    if (letter === undefined) throw new Error('No letter');
    await letters.delete(letter);
    expect(losses.lost).toBe(1);
    expect(await letters.receive()).toEqual([]);
  });
});

describe('S3', () => {
  const BUCKET = 'lost-answers';
  let unreliable: S3Client;
  let client: S3Client;
  beforeAll(async () => {
    client = s3Client(process.env);
    await client.send(
      new CreateBucketCommand({
        Bucket: BUCKET,
        CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' },
      }),
    );
  });
  afterAll(() => client.destroy());
  beforeEach(() => {
    unreliable = s3Client(process.env);
  });
  afterEach(() => unreliable.destroy());

  it('holds an object that was stored twice as if it had been once', async () => {
    const losses = loseFirstAnswer(unreliable, /^PutObject/);
    await s3Payloads(unreliable, BUCKET).put('payloads/a.json', '{"v":1}');
    expect(losses.lost).toBe(1);
    expect(Buffer.from(await s3Payloads(client, BUCKET).get('payloads/a.json')).toString()).toBe('{"v":1}');
  });

  it('is read again', async () => {
    await s3Payloads(client, BUCKET).put('inbox/b.json', 'large');
    const losses = loseFirstAnswer(unreliable, /^GetObject/);
    const read = await s3Inbox(unreliable, BUCKET).read('inbox/b.json');
    expect(losses.lost).toBe(1);
    expect(Buffer.from(read?.body ?? []).toString()).toBe('large');
  });
});
