/**
 * What a worker needs: memory at its peak and processor time, of the built function with real bundles. Emulators of AWS and a simulated
 * Bedrock run in this process; the function has one of its own, whose heap is limited as Lambda limits it.
 */
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { unzipSync } from 'fflate';
import { dynamoRecords } from '../../aws/dynamodb/records.ts';
import { laneOf } from '../../core/lane/catalog/catalog.ts';
import { TABLES } from '../../core/layout/tables.ts';
import { payloadKey, sha256 } from '../../core/request/keys.ts';
import { RECORD_ONLY } from '../../core/request/record.ts';
import { startBedrockSimulator } from '../../local/bedrock/simulator.ts';
import { startEmulators } from '../../local/emulators.ts';
import { ExecutionEnvironment } from '../../local/lambda/execution-environment.ts';
import { makeTemporaryFolder } from '../../local/temporary-folder.ts';
import { bundleFunctions } from '../../stack/bundle.ts';
import { PROJECT_FOLDER } from '../run/synthesis.ts';
import { newRecord } from '../simulation/requests.ts';
import { createTable } from '../tables.ts';

export interface BundleKind {
  calls: number;
  /** Of each call's payload. */
  bytes: number;
}

export interface Needs extends BundleKind {
  peakMegabytes: number;
  /** Processor milliseconds until all calls have been sent, and in all. */
  sendingMs: number;
  processorMs: number;
}

const BUNDLE_KINDS: readonly BundleKind[] = [
  { calls: 1, bytes: 2_000 },
  { calls: 10, bytes: 2_000 },
  { calls: 40, bytes: 2_000 },
  { calls: 40, bytes: 250_000 },
  { calls: 1, bytes: 10_000_000 },
  { calls: 1, bytes: 24_000_000 },
];

const MODEL = 'amazon.nova-lite-v1:0';
/** Long enough to send forty calls meanwhile, on a busy machine too. */
const ANSWER_MS = 5_000;
const SENT_AFTER_MS = 4_000;
const TIMEOUT_MS = 120_000;
const USAGE = 'usage ';
/** Runs in the function's process before it: tells now and then what it has used. */
const PRELOAD = `setInterval(() => { const u = process.resourceUsage();
  console.log('${USAGE}' + JSON.stringify({ peak: u.maxRSS / 1024, cpu: (u.userCPUTime + u.systemCPUTime) / 1000 })); }, 250).unref();`;
const CREDENTIALS = { AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'bench', AWS_SECRET_ACCESS_KEY: 'bench' };

/** Of each kind of bundle. */
export async function measureWorkers(memoryMegabytes: number): Promise<Needs[]> {
  const folder = await makeTemporaryFolder('worker');
  const { invocation } = await bundleFunctions(PROJECT_FOLDER);
  for (const [name, bytes] of Object.entries(unzipSync(readFileSync(invocation.path)))) {
    writeFileSync(path.join(folder, name), bytes);
  }
  writeFileSync(path.join(folder, 'preload.cjs'), PRELOAD);
  try {
    const needs: Needs[] = [];
    for (const kind of BUNDLE_KINDS) needs.push(await measureWorker(folder, kind, memoryMegabytes));
    return needs;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** In a process of its own. What is measured is the last of a few bundles: code has been compiled, and garbage has gathered. */
async function measureWorker(folder: string, kind: BundleKind, memoryMegabytes: number): Promise<Needs> {
  const payload = payloadOf(kind.bytes);
  const [emulators, bedrock, bucket] = await Promise.all([
    startEmulators(),
    startBedrockSimulator({ latencyMedianMs: ANSWER_MS, latencySigma: 0, outputSigma: 0 }),
    // Every object of the bucket is this payload. The emulator of S3 takes none that are so large.
    startServer(payload),
  ]);
  let usage = { peak: 0, cpu: 0 };
  const environment = new ExecutionEnvironment({
    taskRoot: folder,
    onLine: (line) => {
      if (line.startsWith(USAGE)) usage = JSON.parse(line.slice(USAGE.length));
    },
    variables: {
      ...CREDENTIALS,
      PATH: process.env.PATH ?? '',
      _HANDLER: 'index.handler',
      LAMBDA_TASK_ROOT: folder,
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMegabytes),
      // As Lambda's runtime sets them.
      NODE_OPTIONS: `--require ${path.join(folder, 'preload.cjs')} --max-old-space-size=${Math.floor(memoryMegabytes * 0.9)} --max-semi-space-size=${Math.floor(memoryMegabytes * 0.05)}`,
      AWS_ENDPOINT_URL_DYNAMODB: emulators.dynamodbUrl,
      AWS_ENDPOINT_URL_S3: urlOf(bucket),
      AWS_ENDPOINT_URL_BEDROCK_RUNTIME: bedrock.url,
      ...{ REQUESTS_TABLE: 'requests', LANES_TABLE: 'lanes', CALLS_BUCKET: 'calls' },
      ...{ PRIORITIZATION_FUNCTION: 'none', RESULTS_QUEUE_URL: 'none' },
      ...{ MAX_ATTEMPTS: '5', TENANT_IN_REQUEST_METADATA: 'false' },
    },
  });
  const dynamo = new DynamoDBClient({
    endpoint: emulators.dynamodbUrl,
    region: CREDENTIALS.AWS_REGION,
    credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
  });
  try {
    await createTable(dynamo, 'requests', TABLES.requests);
    await createTable(dynamo, 'lanes', TABLES.lanes);
    const failed = await environment.start();
    if (failed !== undefined) throw new Error(failed.error.errorMessage);
    for (const name of ['first', 'second']) await runBundle(dynamo, environment, kind, name);
    const before = usage.cpu;
    let sent: number | undefined;
    const sending = setTimeout(() => {
      sent = usage.cpu;
    }, SENT_AFTER_MS);
    await runBundle(dynamo, environment, kind, 'last');
    clearTimeout(sending);
    await new Promise((resolve) => setTimeout(resolve, 500));
    return {
      ...kind,
      peakMegabytes: usage.peak,
      sendingMs: (sent ?? usage.cpu) - before,
      processorMs: usage.cpu - before,
    };
  } finally {
    dynamo.destroy();
    await environment.stop();
    bucket.close();
    await Promise.all([emulators.stop(), bedrock.close()]);
  }
}

async function runBundle(
  dynamo: DynamoDBClient,
  environment: ExecutionEnvironment,
  { calls, bytes }: BundleKind,
  name: string,
): Promise<void> {
  const records = dynamoRecords(dynamo, 'requests');
  const now = Date.now();
  const arrival = { at: 0, modelId: MODEL, priority: 3, tenant: 'bench' } as const;
  const call = { inputTokens: Math.ceil(bytes / 4), outputTokens: 200, maxTokens: 300 };
  const releases = [];
  for (let index = 0; index < calls; index++) {
    const fresh = newRecord(
      index,
      { ...arrival, ...call },
      { sentAt: now, acceptedAt: now },
      call.inputTokens,
    );
    const request_id = `${name}-${index}`;
    const record = {
      ...{ ...fresh, request_id, results: RECORD_ONLY },
      payload_key: payloadKey(request_id, sha256(name), Number.POSITIVE_INFINITY),
    };
    await records.create(record);
    const grant = { reserved_tokens: 1_000, granted_max_tokens: 300 };
    releases.push({ request_id, generation: 1, grant });
  }
  const body = JSON.stringify({ v: 1, lane: laneOf(MODEL), released_at: Date.now(), releases });
  const Records = [
    { messageId: name, receiptHandle: name, body, attributes: { ApproximateReceiveCount: '1' } },
  ];
  const functionArn = 'arn:aws:lambda:us-east-1:000000000000:function:invocation';
  const result = await environment.invoke({
    ...{ requestId: name, functionArn, timeoutMs: TIMEOUT_MS, event: { Records } },
  });
  if ('error' in result) throw new Error(`The worker failed: ${result.error.errorMessage}`);
}

function payloadOf(bytes: number): Buffer {
  const line = 'The quick brown fox jumps over the lazy dog, once more. ';
  const text = line.repeat(Math.ceil(bytes / line.length)).slice(0, bytes);
  const converse = { messages: [{ role: 'user', content: [{ text }] }], inferenceConfig: { maxTokens: 300 } };
  return Buffer.from(JSON.stringify({ v: 1, operation: 'converse', converse }));
}

async function startServer(body: Buffer): Promise<Server> {
  const server = createServer((request, response) => {
    request.resume();
    response.setHeader('content-length', body.length);
    response.end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
