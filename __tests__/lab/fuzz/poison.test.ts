import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Ingestion } from '../../../src/core/ingestion/ingestion.ts';
import { type Emulators, startEmulators } from '../../../src/local/emulators.ts';
import { createMemoryCloud } from '../../../src/memory/cloud.ts';
import { evaluate, jsonOf, resourceAt, synthesise } from '../../stack/synthesis.ts';

const stack = evaluate(synthesise());
let emulators: Emulators;
let sqs: SQSClient;

beforeAll(async () => {
  emulators = await startEmulators();
  sqs = new SQSClient({
    endpoint: emulators.sqsUrl,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
});
afterAll(async () => {
  sqs.destroy();
  await emulators.stop();
});

/** The stack's own limit of receives; what was received is visible again at once. */
async function createInput(): Promise<{ input: string; deadLetters: string }> {
  const queue = resourceAt(stack, 'aws_sqs_queue.input');
  const { maxReceiveCount } = jsonOf<{ maxReceiveCount: number }>(queue, 'redrive_policy');
  const { QueueUrl: deadLetters = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'input-dlq' }));
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: deadLetters, AttributeNames: ['QueueArn'] }),
  );
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: Attributes?.QueueArn, maxReceiveCount });
  const attributes = { RedrivePolicy, VisibilityTimeout: '0' };
  const created = await sqs.send(new CreateQueueCommand({ QueueName: 'input', Attributes: attributes }));
  return { input: created.QueueUrl ?? '', deadLetters };
}

async function receive(QueueUrl: string) {
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, MessageSystemAttributeNames: ['All'] }),
  );
  return Messages.map(({ MessageId = '', Body = '', ReceiptHandle, Attributes }) => ({
    id: MessageId,
    body: Body,
    sentAt: Number(Attributes?.SentTimestamp),
    receiveCount: Number(Attributes?.ApproximateReceiveCount),
    ReceiptHandle,
  }));
}

it('a message that ingestion always fails on becomes a dead letter; its neighbour is accepted', async () => {
  const { input, deadLetters } = await createInput();
  const cloud = createMemoryCloud();
  const put = async (key: string, body: Uint8Array | string) => {
    if (String(body).includes('poison')) throw new Error('always');
    await cloud.ports.payloads.put(key, body);
  };
  const ingestion = new Ingestion(
    {
      ...{ ...cloud.ports, payloads: { ...cloud.ports.payloads, put } },
      clock: { now: Date.now },
      random: Math.random,
      log: () => undefined,
    },
    { bucket: 'calls', home: { accountId: '123456789012', region: 'us-east-1' }, longestWaitSeconds: 86_400 },
  );
  for (const text of ['poison', 'harmless']) {
    const body = {
      request_id: text,
      model_id: 'amazon.nova-lite-v1:0',
      messages: [{ role: 'user', content: text }],
    };
    await sqs.send(new SendMessageCommand({ QueueUrl: input, MessageBody: JSON.stringify(body) }));
  }
  let deliveries = 0;
  for (let batch = await receive(input); batch.length > 0; batch = await receive(input)) {
    const failed = await ingestion.ingest(batch);
    deliveries += failed.length;
    for (const { id, ReceiptHandle } of batch) {
      if (!failed.includes(id)) await sqs.send(new DeleteMessageCommand({ QueueUrl: input, ReceiptHandle }));
    }
  }
  expect(deliveries).toBe(5);
  expect((await receive(deadLetters)).map(({ body }) => JSON.parse(body).request_id)).toEqual(['poison']);
  expect([...cloud.table.all()].map(({ request_id }) => request_id)).toEqual(['harmless']);
});

it('dead letters of the Input queue raise an alarm', () => {
  const alarm = resourceAt(stack, 'aws_cloudwatch_metric_alarm.input_dead_letters');
  expect(alarm.text('comparison_operator')).toBe('GreaterThanThreshold');
  expect(alarm.number('threshold', -1)).toBe(0);
});
