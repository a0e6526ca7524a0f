import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { downloadAnswers, follow, reportOn, submitBatch } from '../../src/cli/operator/batches.ts';
import { type LocalSmoother, startLocalSmoother } from '../../src/lab/run/local-smoother.ts';

const NOVA = 'us.amazon.nova-lite-v1:0';
const HAIKU = 'us.anthropic.claude-haiku-4-5-20251001-v1:0';
const RECORDS = 20;
const folder = mkdtempSync(path.join(tmpdir(), 'batch-files-'));

let smoother: LocalSmoother;
let s3: S3Client;
let bucket: string;

beforeAll(async () => {
  smoother = await startLocalSmoother({
    synthesis: inject('synthesis'),
    models: [NOVA, HAIKU],
    quota: { requestsPerMinute: 6_000, tokensPerMinute: 10_000_000 },
    latencyMedianMs: 100,
  });
  const { cloud } = smoother;
  const config = { endpoint: cloud.endpoint, region: cloud.region, credentials: cloud.operator };
  s3 = new S3Client({ ...config, forcePathStyle: true });
  bucket = String(cloud.outputs.bedrock_calls_bucket_name);
}, 240_000);
afterAll(async () => {
  s3?.destroy();
  await smoother?.stop();
  rmSync(folder, { recursive: true });
});

const put = (key: string, body: string, metadata?: Record<string, string>) =>
  s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, Metadata: metadata }));

/** Texts of the objects below a prefix, by the end of their keys. */
async function objects(prefix: string): Promise<Record<string, string>> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }));
  const texts = Contents.map(async ({ Key = '' }) => {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key }));
    return [Key.split('/').at(-1), await Body?.transformToString()];
  });
  return Object.fromEntries(await Promise.all(texts));
}

/** What a subscriber of the topic has been told, as soon as it has. */
async function subscriber(): Promise<() => Promise<Record<string, unknown>>> {
  const { cloud } = smoother;
  const config = { endpoint: cloud.endpoint, region: cloud.region, credentials: cloud.operator };
  const [sqs, sns] = [new SQSClient(config), new SNSClient(config)];
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'told' }));
  const Endpoint = `arn:aws:sqs:${cloud.region}:${cloud.accountId}:told`;
  const TopicArn = String(cloud.outputs.batches_topic_arn);
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint }));
  return async () => {
    for (;;) {
      const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }));
      const [message] = Messages;
      if (message === undefined) continue;
      sqs.destroy();
      sns.destroy();
      return JSON.parse(JSON.parse(message.Body ?? '').Message);
    }
  };
}

it('batch files that are dropped into the bucket are answered beside it, each record once', async () => {
  const told = await subscriber();
  const record = (n: number) =>
    JSON.stringify({
      recordId: `CALL${n}`,
      modelInput: {
        messages: [{ role: 'user', content: [{ text: `Question ${n}` }] }],
        inferenceConfig: { maxTokens: 30 },
      },
    });
  const good = Array.from({ length: RECORDS }, (_, index) => record(index + 1));
  await put('batches/team a/nightly.jsonl', [...good, 'not JSON', ''].join('\n'), { 'model-id': NOVA });
  expect(await told()).toMatchObject({
    name: 'team a/nightly',
    status: 'COMPLETED',
    successRecordCount: RECORDS,
    errorRecordCount: 1,
  });
  await smoother.cloud.idle();

  const files = await objects('batch-outputs/team a/nightly/');
  const answers = (files['nightly.jsonl.out'] ?? '')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(answers).toHaveLength(RECORDS + 1);
  for (const [index, answer] of answers.slice(0, RECORDS).entries()) {
    expect(answer).toMatchObject({
      ...JSON.parse(good[index] ?? ''),
      modelOutput: { output: {}, stopReason: expect.any(String) },
    });
  }
  expect(answers[RECORDS]).toMatchObject({ recordId: 'LINE0000021', error: { errorCode: 400 } });
  expect(JSON.parse(files['manifest.json.out'] ?? '')).toMatchObject({
    totalRecordCount: RECORDS + 1,
    successRecordCount: RECORDS,
    errorRecordCount: 1,
  });
  expect(JSON.parse(files['progress.json'] ?? '')).toMatchObject({ status: 'COMPLETED' });
  expect(smoother.cloud.denials()).toEqual([]);
}, 120_000);

it('a file is submitted, followed and fetched by the command line, and its options may be beside it', async () => {
  const modelInput = {
    messages: [{ role: 'user', content: [{ text: 'Hello' }] }],
    inferenceConfig: { maxTokens: 20 },
  };
  const file = path.join(folder, 'beside.jsonl');
  writeFileSync(file, JSON.stringify({ modelInput }));
  const options = { model_id: HAIKU, model_invocation_type: 'Converse', tenant: 'acme', priority: 2 };
  await put('batches/beside.json', JSON.stringify(options));
  const store = { s3, bucket };
  await submitBatch(store, 'beside', file, {});
  const seen: string[] = [];
  const signal = AbortSignal.timeout(100_000);
  const report = await follow(store, 'beside', (line) => void seen.push(line), signal);
  expect(report).toMatchObject({ status: 'COMPLETED', successRecordCount: 1 });
  expect(seen.at(-1)).toBe('beside  COMPLETED  1 of 1 records have ended, 0 of them with an error');
  await downloadAnswers(store, 'beside', createWriteStream(`${file}.out`));
  expect(JSON.parse(readFileSync(`${file}.out`, 'utf8'))).toMatchObject({
    recordId: 'LINE0000001',
    modelInput,
    modelOutput: { output: { message: { role: 'assistant' } }, usage: {}, stopReason: expect.any(String) },
  });
  await expect(reportOn(store, 'another')).rejects.toThrow('there is no batch another');
  expect(smoother.cloud.denials()).toEqual([]);
}, 120_000);

it('a file without a model is answered by why it is refused', async () => {
  await put('batches/lost.jsonl', '{}');
  await smoother.cloud.idle();
  const files = await objects('batch-outputs/lost/');
  expect(Object.keys(files)).toEqual(['progress.json']);
  expect(JSON.parse(files['progress.json'] ?? '')).toMatchObject({
    status: 'FAILED',
    problem: 'model_id: missing',
  });
}, 60_000);
