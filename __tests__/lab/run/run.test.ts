import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CreateBucketCommand, GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { buildApp } from 'fauxqs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { report } from '../../../src/cli/report/report.ts';
import type { ReportRow } from '../../../src/core/reporting/ports.ts';
import type { ResultMessage } from '../../../src/core/request/result.ts';
import { type Cloud, type Progress, run } from '../../../src/lab/run/run.ts';
import { isClean, summarise } from '../../../src/lab/run/summary.ts';
import { startBedrockSimulator } from '../../../src/local/bedrock/simulator.ts';

const MODEL = 'amazon.nova-lite-v1:0';
const BUCKET = 'calls';

/** What the fake smoother does with one message: the results that it sends. */
type Behaviour = (body: string, messageId: string) => ResultMessage[];

const result = (request_id: string, fields: Partial<ResultMessage> = {}): ResultMessage => ({
  v: 1,
  request_id,
  status: 'COMPLETED',
  model_id: MODEL,
  priority: 3,
  timings: { accepted: Date.now(), started: Date.now() + 40, finished: Date.now() + 50, wait_ms: 40 },
  attempts: 1,
  ...fields,
});

const byId: Behaviour = (body, messageId) => {
  try {
    const { request_id = messageId, priority = 3 } = JSON.parse(body);
    return [priority > 5 ? result(request_id, { status: 'REJECTED' }) : result(request_id, { priority })];
  } catch {
    return [result(messageId, { status: 'REJECTED' })];
  }
};

let folder: string;
const cleanup: (() => unknown)[] = [];
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'run-'));
});
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
  rmSync(folder, { recursive: true });
});

/** Queues and a bucket with a smoother behind them that is nothing but `behaviour`. */
async function fakeCloud(
  behaviour: Behaviour,
  fields: Partial<Cloud> = {},
): Promise<Cloud & { s3: S3Client }> {
  const app = buildApp({ logger: false });
  const endpoint = await app.listen({ port: 0, host: '127.0.0.1' });
  const operator = { accessKeyId: 'a', secretAccessKey: 'b' };
  const config = { endpoint, region: 'us-east-1', credentials: operator };
  const sqs = new SQSClient(config);
  const s3 = new S3Client({ ...config, forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
  const [input, results] = await Promise.all(
    ['input', 'results'].map(
      async (QueueName) => (await sqs.send(new CreateQueueCommand({ QueueName }))).QueueUrl,
    ),
  );
  const stopping = new AbortController();
  const serve = async () => {
    while (!stopping.signal.aborted) {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl: input, WaitTimeSeconds: 1, MaxNumberOfMessages: 10 }),
        { abortSignal: stopping.signal },
      );
      for (const { Body = '', MessageId = '', ReceiptHandle } of Messages) {
        for (const each of behaviour(Body, MessageId)) {
          await sqs.send(new SendMessageCommand({ QueueUrl: results, MessageBody: JSON.stringify(each) }));
        }
        await sqs.send(new DeleteMessageCommand({ QueueUrl: input, ReceiptHandle }));
      }
    }
  };
  const serving = serve().catch((error: Error) => {
    if (error.name !== 'AbortError') throw error;
  });
  cleanup.push(async () => {
    stopping.abort();
    await serving;
    sqs.destroy();
    s3.destroy();
    await app.close();
  });
  return {
    endpoint,
    region: config.region,
    operator,
    outputs: {
      input_queue_url: input,
      bedrock_results_queue_url: results,
      bedrock_calls_bucket_name: BUCKET,
    },
    calls: () => [{ principal: 'ingestion', action: 'sqs:SendMessage', count: 3, denied: 0 }],
    denials: () => [],
    idle: async () => {},
    s3,
    ...fields,
  };
}

async function runFake(
  lines: string[],
  cloud: Cloud,
  {
    reports = [],
    ...fields
  }: { reports?: ReportRow[]; results?: string; interrupted?: AbortSignal; patienceMs?: number } = {},
) {
  const file = (name: string) => path.join(folder, name);
  writeFileSync(file('input.jsonl'), `${lines.join('\n')}\n\n`);
  const bedrock = await startBedrockSimulator({ requestsPerMinute: 120, tokensPerMinute: 9_000 });
  const seen: Progress[] = [];
  try {
    const record = await run(
      { cloud, bedrock },
      {
        input: file('input.jsonl'),
        results: file('results.jsonl'),
        ...fields,
        onProgress: (progress) => seen.push(progress),
      },
    );
    const summary = summarise(record, reports);
    const results = readFileSync(file('results.jsonl'), 'utf8').trim().split('\n').filter(Boolean);
    return {
      clean: isClean(summary),
      summary,
      results: results.map((line) => JSON.parse(line) as ResultMessage),
      text: report(summary, record),
      last: seen.at(-1),
    };
  } finally {
    await bedrock.close();
  }
}

const line = (fields: object = {}) =>
  JSON.stringify({
    model_id: MODEL,
    converse: { messages: [{ role: 'user', content: [{ text: 'Hi' }] }] },
    ...fields,
  });

describe('a run', () => {
  it('is clean when every line ends as it should, and says so in its files', async () => {
    const lines = [
      line({ request_id: 'a', priority: 1 }),
      line(),
      line({ request_id: 'bad', priority: 9 }),
      '{"broken',
    ];
    const { clean, summary, results, text, last } = await runFake(lines, await fakeCloud(byId));
    expect(clean).toBe(true);
    expect(summary).toMatchObject({ submitted: 4, completed: 2, rejected: 2, lost: 0, duplicate_results: 0 });
    expect(summary.wait_ms).toMatchObject({ 1: { p50: 40, p99: 40 }, 3: { p95: 40 } });
    expect(summary.aws_calls).toEqual({ ingestion: { 'sqs:SendMessage': 3 } });
    expect(summary.estimated_cost_usd_per_million).toBeCloseTo((3 * 0.4) / 4);
    expect(results).toHaveLength(4);
    expect(text).toContain('Every message ended as it should');
    expect(last).toMatchObject({ sent: 4, answered: 4 });
  });

  it('says what right-sized max tokens have won back, from the report', async () => {
    const rowOf = (tenant: string, counters: Record<string, number>): ReportRow => ({
      key: {
        lane: 'amazon.nova-lite:on-demand',
        minute: '2026-11-22T22:00Z',
        priority: 3,
        tenant,
        part: '',
        shard: 0,
      },
      counters,
    });
    const reports = [rowOf('a', { unreserved_tokens: 9_000 }), rowOf('b', { rerun_tokens: 3_000 })];
    const { summary, text } = await runFake([line()], await fakeCloud(byId), { reports });
    expect(summary).toMatchObject({ unreserved_tokens: 9_000, rerun_tokens: 3_000 });
    expect(summary.won_back_tokens_per_minute).toBeCloseTo((6_000 * 60) / summary.duration_seconds);
    expect(text).toContain('9k tokens not reserved, 3k spent on reruns');
  });

  it('is not clean when a message has no result', async () => {
    const cloud = await fakeCloud((body, id) => (body.includes('"swallowed"') ? [] : byId(body, id)));
    const lines = [line({ request_id: 'a' }), line({ request_id: 'swallowed' })];
    const { clean, summary } = await runFake(lines, cloud, { patienceMs: 1_000 });
    expect([clean, summary.lost, summary.still_waiting]).toEqual([false, 1, 0]);
  });

  it('that is interrupted loses nothing: it says how many were still waiting', async () => {
    const interrupt = new AbortController();
    const cloud = await fakeCloud((body, id) => {
      if (!body.includes('"swallowed"')) return byId(body, id);
      interrupt.abort();
      return [];
    });
    const lines = [line({ request_id: 'a' }), line({ request_id: 'swallowed' })];
    const { clean, summary, text } = await runFake(lines, cloud, { interrupted: interrupt.signal });
    expect([clean, summary.lost, summary.still_waiting]).toEqual([false, 0, 1]);
    expect(text).toContain('Interrupted: 1 were still waiting.');
    expect(text).not.toMatch(/lost|✔|✘/);
  });

  it('counts a message that was sent again, as it was, apart: both share one result', async () => {
    const results = new Set<string>();
    const once: Behaviour = (body, id) =>
      byId(body, id).filter(({ request_id }) => !results.has(request_id) && results.add(request_id));
    const again = line({ request_id: 'a' });
    const { clean, summary, last, text } = await runFake([again, again, line()], await fakeCloud(once));
    expect([clean, summary.completed, summary.repeated]).toEqual([true, 2, 1]);
    expect(last).toMatchObject({ sent: 3, answered: 3 });
    expect(text).toContain('1 repeated');
  });

  it('is not clean when a function was denied something', async () => {
    const denials = () => [
      { principal: 'invocation', action: 's3:GetObject', resource: 'arn:aws:s3:::calls/x' },
    ];
    const { clean, text } = await runFake([line()], await fakeCloud(byId, { denials }));
    expect(clean).toBe(false);
    expect(text).toContain('Denied: invocation: s3:GetObject on arn:aws:s3:::calls/x');
  });

  it('is not clean when a result comes twice', async () => {
    const twice: Behaviour = (body, id) => [...byId(body, id), ...byId(body, id)];
    const { clean, summary } = await runFake([line({ request_id: 'a' })], await fakeCloud(twice));
    expect([clean, summary.completed, summary.duplicate_results]).toEqual([false, 1, 1]);
  });

  it('sends a line over 1 MiB as a pointer to the bucket', async () => {
    const pointers: { bucket: string; key: string }[] = [];
    const cloud = await fakeCloud((body) => {
      pointers.push(JSON.parse(body).s3);
      return [result('large')];
    });
    const text = 'x'.repeat(1_048_576);
    const large = line({
      request_id: 'large',
      converse: { messages: [{ role: 'user', content: [{ text }] }] },
    });
    const { clean } = await runFake([large], cloud);
    expect(clean).toBe(true);
    expect(pointers).toEqual([{ bucket: BUCKET, key: expect.stringMatching(/^inbox\//) }]);
    const object = await cloud.s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: pointers[0]?.key }));
    expect((await object.Body?.transformToString()) === large).toBe(true);
  });

  it('fails with the collector', async () => {
    const cloud = await fakeCloud(() => []);
    const outputs = { ...cloud.outputs, bedrock_results_queue_url: `${cloud.endpoint}/000000000000/nowhere` };
    await expect(runFake([line()], { ...cloud, outputs })).rejects.toThrow('queue does not exist');
  });

  it('does not begin where the results cannot be written', async () => {
    const sent: string[] = [];
    const cloud = await fakeCloud((body) => {
      sent.push(body);
      return [];
    });
    const results = path.join(folder, 'no-such-folder', 'results.jsonl');
    await expect(runFake([line()], cloud, { results })).rejects.toThrow('no-such-folder');
    expect(sent).toEqual([]);
  });
});
