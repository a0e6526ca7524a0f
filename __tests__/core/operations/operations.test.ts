import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { dynamoFailedRequests } from '../../../src/aws/dynamodb/operations.ts';
import { dynamoRecords } from '../../../src/aws/dynamodb/records.ts';
import { sqsDeadLetters, sqsTarget } from '../../../src/aws/operator-queues.ts';
import {
  type DeadLetterAction,
  type DeadLetterQueueName,
  operateDeadLetters,
} from '../../../src/cli/operator/dead-letters.ts';
import { type FailedAction, operateFailed } from '../../../src/cli/operator/failed.ts';
import { acceptedRecord } from '../../../src/core/ingestion/accepted-record.ts';
import { TABLES } from '../../../src/core/layout/tables.ts';
import { retryIdOf } from '../../../src/core/operations/retry.ts';
import { readMessage } from '../../../src/core/request/message.ts';
import type { RequestRecord } from '../../../src/core/request/record.ts';
import { contentHash } from '../../../src/core/request/request.ts';
import { createTable } from '../../../src/lab/tables.ts';
import { type Emulators, startEmulators } from '../../../src/local/emulators.ts';
import { createMemoryCloud } from '../../../src/memory/cloud.ts';
import { recordOf } from '../../fixtures/invocation-world.ts';

const MODEL = 'us.anthropic.claude-haiku-4-5-20251001-v1:0';
const TABLE = 'requests';
const CALL = { messages: [{ role: 'user', content: [{ text: 'Hello' }] }] };

let emulators: Emulators;
let sqs: SQSClient;
let dynamo: DynamoDBClient;
let outputs: Record<string, string>;
let lines: string[];

beforeAll(async () => {
  emulators = await startEmulators();
  const config = { region: 'us-east-1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } };
  sqs = new SQSClient({ ...config, endpoint: emulators.sqsUrl, useQueueUrlAsEndpoint: false });
  dynamo = new DynamoDBClient({ ...config, endpoint: emulators.dynamodbUrl });
  await createTable(dynamo, TABLE, TABLES.requests);
});
afterAll(async () => {
  for (const client of [sqs, dynamo]) client.destroy();
  await emulators.stop();
});
beforeEach(async (context) => {
  lines = [];
  const names = ['input_queue_url', 'input_dlq_url', 'reporting_dlq_url'];
  const urls = names.map(async (name) => {
    const queue = new CreateQueueCommand({ QueueName: `${name}-${context.task.id}` });
    return [name, (await sqs.send(queue)).QueueUrl ?? ''] as const;
  });
  outputs = Object.fromEntries(await Promise.all(urls));
});

const write = (line: string) => void lines.push(line);
const urlOf = (name: string) => outputs[name] as string;

async function send(queue: string, body: string): Promise<string> {
  const { MessageId = '' } = await sqs.send(
    new SendMessageCommand({ QueueUrl: urlOf(queue), MessageBody: body }),
  );
  return MessageId;
}

/** The bodies of all messages, which then are gone. */
async function take(queue: string): Promise<string[]> {
  const QueueUrl = urlOf(queue);
  const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
  for (const { ReceiptHandle } of Messages)
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  return Messages.length === 0 ? [] : [...Messages.map(({ Body = '' }) => Body), ...(await take(queue))];
}

describe('dead letters', () => {
  const operate = (
    action: DeadLetterAction,
    flags: { queue: DeadLetterQueueName; id?: string },
    target = sqsTarget,
  ) =>
    operateDeadLetters(
      action,
      flags,
      {
        names: async (output) => urlOf(output),
        deadLetters: (url) => sqsDeadLetters(sqs, url),
        target: (url) => target(sqs, url),
        recount: async () => 0,
      },
      write,
    );

  it('are listed, one shown, and stay', async () => {
    const [id] = await Promise.all(['a', 'b', 'c'].map((body) => send('input_dlq_url', body)));
    expect(await operate('list', { queue: 'input' })).toBe(3);
    expect(lines.filter((line) => line.includes('1 bytes'))).toHaveLength(3);
    expect(lines.at(-1)).toBe('input: 3 dead letters');
    await operate('list', { queue: 'input', id });
    expect(lines.slice(-2)).toEqual(['a', 'input: 1 dead letter']);
    expect((await take('input_dlq_url')).sort()).toEqual(['a', 'b', 'c']);
  });

  it('go back as what they were: a request without an id keeps the one that its message gave it', async () => {
    const named = JSON.stringify({ request_id: 'mine', model_id: MODEL, converse: CALL });
    // As it was written: no number is rounded, and no member changes its place.
    const rest = `"model_id":"${MODEL}", "seed": 9007199254740993, "x": {"b":1,"7":2.0}}`;
    const id = await send('input_dlq_url', `{${rest}`);
    for (const body of [named, '{']) await send('input_dlq_url', body);
    expect(await operate('redrive', { queue: 'input' })).toBe(3);
    const back = await take('input_queue_url');
    expect(back.sort()).toEqual([named, '{', `{"request_id":"${id}",${rest}`].sort());
    expect(await take('input_dlq_url')).toEqual([]);
  });

  it('cut off between sending and deleting, are the same request when sent again', async () => {
    await send('input_dlq_url', JSON.stringify({ model_id: MODEL, converse: CALL }));
    const cut: typeof sqsTarget = (client, url) => ({
      async send(body) {
        await sqsTarget(client, url).send(body);
        throw new Error('cut');
      },
    });
    await expect(operate('redrive', { queue: 'input' }, cut)).rejects.toThrow('cut');
    await operate('redrive', { queue: 'input' });
    const [once, again] = await take('input_queue_url');
    expect(once).toContain('"request_id"');
    expect(again).toBe(once);
  });

  it('are dropped, one or all', async () => {
    const [id] = await Promise.all(['a', 'b', 'c'].map((body) => send('reporting_dlq_url', body)));
    expect(await operate('drop', { queue: 'reporting', id })).toBe(1);
    expect(await operate('drop', { queue: 'reporting', id })).toBe(0);
    expect(lines).toEqual(['reporting: 1 dropped', 'reporting: 0 dropped']);
    await operate('drop', { queue: 'reporting' });
    expect(lines.at(-1)).toBe('reporting: 2 dropped');
    expect(await take('reporting_dlq_url')).toEqual([]);
  });
});

describe('failed requests', () => {
  const { ports } = createMemoryCloud();
  const operate = (action: FailedAction, id?: string) =>
    operateFailed(
      action,
      { id },
      {
        failed: dynamoFailedRequests(dynamo, TABLE),
        objects: ports.payloads,
        bucket: 'calls',
        input: sqsTarget(sqs, urlOf('input_queue_url')),
      },
      write,
    );
  const records = () => dynamoRecords(dynamo, TABLE);
  const limits = { longestWaitSeconds: 1_000_000 };

  /** Accepts an input message, and lets its request end. */
  async function failed(
    message: { request_id: string },
    end: Partial<RequestRecord> = {},
  ): Promise<RequestRecord> {
    const reading = readMessage(JSON.stringify(message), limits);
    if (reading.kind !== 'request') throw new Error(JSON.stringify(reading));
    const record = acceptedRecord(reading.request, {
      requestId: message.request_id,
      messageId: 'm',
      acceptedAt: 1_000,
      sentAt: 900,
      ...limits,
      input: { tokens: 1, least: 1, kind: 'text', bytes: 1 },
      shardOf: () => 0,
    });
    await ports.payloads.put(record.payload_key, JSON.stringify(reading.request.call));
    const error = { type: 'ModelTimeoutException', message: 'too slow' };
    const ended = { status: 'FAILED' as const, finished_at: 9_000, result_sent: true, error, ...end };
    await records().create({ ...record, ...ended });
    return { ...record, ...ended };
  }

  it.each([
    [
      'converse',
      {
        converse: CALL,
        priority: 1,
        tenant: 'shop',
        task: 'greet',
        accept_truncated: true,
        metadata: { a: [1] },
      },
    ],
    ['invoke_model', { invoke_model: { body: { prompt: 'x', max_tokens: 9 }, accept: 'text/plain' } }],
    ['modelInput', { recordId: 'R1', modelInput: { prompt: 'x', max_tokens: 9 } }],
    ['messages', { messages: [{ role: 'user', content: 'Hi' }], max_wait_seconds: 60 }],
  ])('of the form %s are tried again as the same content under one new id', async (form, fields) => {
    const message = { request_id: `try-${form}`, model_id: MODEL, ...fields };
    const record = await failed(message);
    expect(await operate('retry', record.request_id)).toBe(true);
    expect(await operate('retry', record.request_id)).toBe(true);
    const [sent = '', again] = await take('input_queue_url');
    expect(again).toBe(sent);
    const reading = readMessage(sent, limits);
    if (reading.kind !== 'request') throw new Error(sent);
    expect(reading.request.request_id).toBe(`try-${form}.retry`);
    expect(contentHash(reading.request)).toBe(record.content_hash);
  });

  it('are not tried again while their retry is there, and it is said how that stands', async () => {
    await failed({ request_id: 'twice', model_id: MODEL, converse: CALL } as never);
    await failed({ request_id: 'twice.retry', model_id: MODEL, converse: CALL } as never);
    expect(await operate('retry', 'twice')).toBe(false);
    expect(lines).toEqual([
      'twice  was retried already: twice.retry is FAILED',
      '1 failed request, 1 left as they are',
    ]);
    expect(await take('input_queue_url')).toEqual([]);
    lines = [];
    await operate('retry');
    expect(lines.filter((it) => it.startsWith('twice'))).toEqual([
      'twice.retry  sent again as twice.retry.retry',
    ]);
    expect(lines.at(-1)).toMatch(/, and 1 other that had been retried already$/);
    const ids = (await take('input_queue_url')).map((body) => JSON.parse(body).request_id);
    expect(ids).toContain('twice.retry.retry');
    expect(ids).not.toContain('twice.retry');
  });

  it('too large for a message are tried again through the inbox', async () => {
    const text = 'x'.repeat(1_100_000);
    const converse = { messages: [{ role: 'user', content: [{ text }] }] };
    await failed({ request_id: 'large', model_id: MODEL, converse } as never);
    await operate('retry', 'large');
    const [sent = ''] = await take('input_queue_url');
    const { s3 } = JSON.parse(sent) as { s3: { bucket: string; key: string } };
    expect(readMessage(sent, limits).kind).toBe('pointer');
    const object = JSON.parse(new TextDecoder().decode(await ports.payloads.get(s3.key)));
    expect(object).toMatchObject({ request_id: 'large.retry', converse });
  });

  it('are listed among all others, and dropped once their result was sent', async () => {
    await failed({ request_id: 'over', model_id: MODEL, converse: CALL } as never);
    await failed({ request_id: 'unsent', model_id: MODEL, converse: CALL } as never, {
      result_sent: undefined,
      due_key: 'due|0',
    });
    await records().create(recordOf('waiting'));
    await operate('list');
    const shown = lines.filter((line) => /^(over|unsent|waiting) /.test(line)).sort();
    expect(shown).toEqual(
      ['over', 'unsent'].map((id) => expect.stringMatching(`^${id} .*ModelTimeoutException: too slow$`)),
    );
    expect(await operate('drop', 'over')).toBe(true);
    expect(await operate('drop', 'unsent')).toBe(false);
    expect(await operate('drop', 'waiting')).toBe(false);
    expect(lines.slice(-2)).toEqual(['waiting  it is RECEIVED, and not FAILED', '0 failed requests']);
    expect(await operate('retry', 'nobody')).toBe(false);
    expect(lines.slice(-2)).toEqual(['nobody  there is no record of it', '0 failed requests']);
    expect(await records().read('over')).toBeUndefined();
    expect(await records().read('unsent')).toMatchObject({ status: 'FAILED' });
    expect(await records().read('waiting')).toMatchObject({ status: 'RECEIVED' });
  });

  it('without their payload are left, and said to be', async () => {
    await failed({ request_id: 'gone', model_id: MODEL, converse: CALL } as never);
    const record = await records().read('gone');
    await dynamoFailedRequests(dynamo, TABLE).delete('gone');
    await records().create({ ...(record as RequestRecord), payload_key: 'payloads/none' });
    expect(await operate('retry', 'gone')).toBe(false);
    expect(lines).toEqual(['gone  its payload has expired', '1 failed request, 1 left as they are']);
  });

  it('have ids that stay ids, however long', () => {
    const long = 'a'.repeat(128);
    expect(retryIdOf(long)).toMatch(/^[0-9a-f]{64}\.retry$/);
    expect(retryIdOf(long)).not.toBe(retryIdOf(`${long.slice(1)}b`));
  });
});
