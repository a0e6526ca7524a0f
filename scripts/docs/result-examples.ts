/**
 * The results in docs/messages.md: the page's own input messages through the real ingestion and invocation, with
 * Bedrock's answers played back to the real adapter.
 */
import { Readable } from 'node:stream';
import { HttpResponse } from '@smithy/core/protocols';
import { bedrockClient, bedrockRuntime } from '../../src/aws/bedrock/runtime.ts';
import { Ingestion } from '../../src/core/ingestion/ingestion.ts';
import { runWorker } from '../../src/core/invocation/worker.ts';
import { DEFAULT_MAX_ATTEMPTS } from '../../src/core/request/attempts.ts';
import type { ResultMessage } from '../../src/core/request/result.ts';
import { longestWaitSeconds } from '../../src/core/request/times.ts';
import { createMemoryCloud } from '../../src/memory/cloud.ts';
import { between, jsonText } from './markdown.ts';

interface Answer {
  headers: Record<string, string>;
  body: unknown;
}

const BUCKET = 'my-calls-bucket';
const HOME = { accountId: '123456789012', region: 'us-east-1' };
const SENT_AT = Date.UTC(2027, 0, 15, 8, 0, 0);
const RELEASED_AFTER_MS = 4_000;
const CALL_MS = 1_250;
const BUNDLE_MS = 300_000;
const MAX_TOKENS = 200;

const SUMMARY = 'Three chairs and two tables are due in May.';
const SUMMARY_TOKENS = 12;
/** So often, the summary is too long for a result message. */
const LARGE = 200;

const converseAnswer = (repetitions: number): Answer => ({
  headers: {},
  body: {
    output: { message: { role: 'assistant', content: [{ text: SUMMARY.repeat(repetitions) }] } },
    stopReason: 'end_turn',
    usage: {
      inputTokens: 31,
      outputTokens: SUMMARY_TOKENS * repetitions,
      totalTokens: 31 + SUMMARY_TOKENS * repetitions,
    },
    metrics: { latencyMs: 1_180 },
  },
});
const INVOKE_MODEL_ANSWER: Answer = {
  headers: {
    'x-amzn-bedrock-input-token-count': '18',
    'x-amzn-bedrock-output-token-count': '9',
    'x-amzn-bedrock-invocation-latency': '640',
  },
  body: {
    id: 'msg_bdrk_01',
    type: 'message',
    role: 'assistant',
    model: 'claude-3-haiku-20240307',
    content: [{ type: 'text', text: 'Yes. Call the fire brigade.' }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: 18, output_tokens: 9 },
  },
};

/** By the name of the page's markers: a result as a code block. */
async function resultExamples(page: string): Promise<Record<string, string>> {
  const [converse = '', invokeModel = ''] = examplesOf(page, 'input');
  const [refused = ''] = examplesOf(page, 'refused');
  const results = {
    'converse result': await play(converse, converseAnswer(1)),
    'invoke_model result': await play(invokeModel, INVOKE_MODEL_ANSWER),
    'large result': await play(converse, converseAnswer(LARGE)),
    'refused result': await play(refused),
  };
  return Object.fromEntries(
    Object.entries(results).map(([name, result]) => [name, `\`\`\`json result\n${jsonText(result)}\n\`\`\``]),
  );
}

/** The page with the results between their markers. */
export async function withResultExamples(page: string): Promise<string> {
  const results = Object.entries(await resultExamples(page));
  return results.reduce((document, [name, text]) => between(name, document, text), page);
}

/** The page's code blocks that are marked as JSON of this kind. */
export function examplesOf(page: string, kind: string): string[] {
  return [...page.matchAll(new RegExp(`^\`\`\`json ${kind}\n(.*?)^\`\`\``, 'gms'))].map(
    ([, text = '']) => text,
  );
}

/** One message from the Input queue to its result. */
async function play(body: string, answer?: Answer): Promise<ResultMessage | undefined> {
  let now = SENT_AT;
  const clock = { now: () => now, sleep: async () => {} };
  const log = () => undefined;
  const cloud = createMemoryCloud({ clock });
  const ingestion = new Ingestion(
    { ...cloud.ports, clock, log, random: () => 0 },
    { bucket: BUCKET, home: HOME, longestWaitSeconds: longestWaitSeconds(30) },
  );
  await ingestion.ingest([{ id: 'message-1', body, sentAt: SENT_AT, receiveCount: 1 }]);
  if (answer === undefined) return cloud.sent[0];
  const [record] = cloud.table.all();
  if (record === undefined) throw new Error(`Not accepted: ${body}`);
  now += RELEASED_AFTER_MS;
  const releasedAt = now;
  const grant = { reserved_tokens: 300, granted_max_tokens: MAX_TOKENS };
  const client = bedrockClient({
    region: 'us-east-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    requestHandler: {
      handle: async () => {
        now += CALL_MS;
        return { response: responseOf(answer) };
      },
    },
  });
  const ports = {
    ...cloud.ports,
    model: bedrockRuntime(client),
    clock,
    log,
    bucket: BUCKET,
    maxAttempts: DEFAULT_MAX_ATTEMPTS,
    sendsTenant: true,
    memoryMegabytes: 512,
  };
  const releases = [{ request_id: record.request_id, generation: record.generation + 1, grant }];
  await runWorker(
    { ...ports, remainingMs: () => BUNDLE_MS, bundleMs: BUNDLE_MS },
    { v: 1, lane: record.lane, released_at: releasedAt, releases },
  );
  return cloud.sent[0];
}

function responseOf({ headers, body }: Answer): HttpResponse {
  return new HttpResponse({
    statusCode: 200,
    headers: { 'content-type': 'application/json', ...headers },
    body: Readable.from([Buffer.from(JSON.stringify(body))]),
  });
}
