/** The library, the drop-in client, fetch and the sidecar on the local cloud: all in one, because it takes long to start. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
  ValidationException,
} from '@aws-sdk/client-bedrock-runtime';
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import {
  RequestCancelledError,
  RequestRejectedError,
  type Result,
  ResultTimeoutError,
  type RunningProxy,
  Smoother,
  startProxy,
} from '../../src/client/index.ts';
import { startLocalSmoother } from '../../src/lab/run/local-smoother.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const NOVA = 'us.amazon.nova-lite-v1:0';
const HAIKU = 'us.anthropic.claude-haiku-4-5-20251001-v1:0';
const converse = (text: string) => ({
  messages: [{ role: 'user' as const, content: [{ text }] }],
  inferenceConfig: { maxTokens: 50 },
});

let local: Awaited<ReturnType<typeof startLocalSmoother>>;
let smoother: Smoother;
let proxy: RunningProxy;

beforeAll(async () => {
  local = await startLocalSmoother({
    synthesis: inject('synthesis'),
    models: [NOVA, HAIKU],
    quota: { requestsPerMinute: 6_000, tokensPerMinute: 10_000_000 },
    latencyMedianMs: 200,
    variables: { notification_email: 'platform-team@example.com', results_queues: ['alpha', 'beta'] },
  });
  const { endpoint, operator: credentials, outputs } = local.cloud;
  smoother = new Smoother({ outputs: outputs as never, endpoint, credentials });
  proxy = await startProxy(smoother.calls({ tenant: 'sidecar' }), { port: 0 });
}, 240_000);
afterAll(async () => {
  await proxy?.close();
  smoother?.destroy();
  await local?.stop();
});

/** Takes so many results from a queue. */
async function take(queue: string, count: number): Promise<Result[]> {
  const results: Result[] = [];
  const enough = new AbortController();
  for await (const result of smoother.results({ queue, signal: enough.signal })) {
    results.push(result);
    if (results.length === count) enough.abort();
  }
  return results;
}

/** Messages that a queue still has. */
async function leftIn(QueueUrl: string): Promise<number> {
  const { endpoint, operator: credentials, region } = local.cloud;
  const sqs = new SQSClient({ endpoint, credentials, region });
  const names = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;
  const { Attributes = {} } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...names] }),
  );
  sqs.destroy();
  return names.reduce((sum, name) => sum + Number(Attributes[name]), 0);
}

describe('the library', () => {
  it('two services and one client get their own results and no others', async () => {
    const burst = (service: string, results?: string) =>
      smoother.submitMany(
        Array.from({ length: 20 }, (_, index) => ({
          requestId: `${service}-${index}`,
          modelId: NOVA,
          results,
          converse: converse(`${service} ${index}`),
        })),
      );
    const [, , handles] = await Promise.all([
      burst('alpha', 'alpha'),
      burst('beta', 'beta'),
      burst('client'),
    ]);
    const [alpha, beta, own] = await Promise.all([
      take('alpha', 20),
      take('beta', 20),
      Promise.all(handles.map((handle) => handle.result())),
    ]);
    const idsOf = (results: Result[]) => results.map(({ requestId }) => requestId).sort();
    const expected = (service: string) =>
      Array.from({ length: 20 }, (_, index) => `${service}-${index}`).sort();
    expect(idsOf(alpha)).toEqual(expected('alpha'));
    expect(idsOf(beta)).toEqual(expected('beta'));
    expect(idsOf(own)).toEqual(expected('client'));
    const { bedrock_results_queue_url: shared, results_queue_urls: named } = local.cloud.outputs;
    const urls = [shared, ...Object.values(named as Record<string, string>)] as string[];
    expect(urls).toHaveLength(3);
    for (const url of urls) expect([url, await leftIn(url)]).toEqual([url, 0]);
    expect(local.cloud.denials()).toEqual([]);
  }, 120_000);

  it('another handle for the same id finds the same result, and the same request sent again is one', async () => {
    const request = { requestId: 'again', modelId: NOVA, converse: converse('once') };
    const first = await (await smoother.submit(request)).result();
    expect(await smoother.handle('again').result()).toEqual(first);
    expect(await (await smoother.submit(request)).result()).toEqual(first);
    expect(await smoother.handle('again').status()).toMatchObject({ state: 'COMPLETED' });
    expect(await smoother.handle('again').cancel()).toBe('already ended');
  }, 60_000);

  it('another content under the same id is refused, and never answered with what stands there', async () => {
    await (await smoother.submit({ requestId: 'taken', modelId: NOVA, converse: converse('mine') })).result();
    const other = await smoother.submit({ requestId: 'taken', modelId: NOVA, converse: converse('yours') });
    const refused = await other.result().catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(RequestRejectedError);
    expect(refused).toMatchObject({ type: 'RequestIdConflict' });
  }, 60_000);

  it('a refusal says why', async () => {
    const handle = await smoother.submit({ modelId: NOVA, priority: 9 as never, converse: converse('x') });
    await expect(handle.result()).rejects.toThrow(/priority: must be/);
  }, 60_000);

  it('cancels what waits', async () => {
    const handle = await smoother.submit({ modelId: NOVA, priority: 5, converse: converse('never mind') });
    const cancellation = await handle.cancel();
    // The machine may have been quicker than the cancel message; the outcome agrees with what was said.
    const ended = await handle.result().catch((error: unknown) => error);
    expect(ended instanceof RequestCancelledError).toBe(cancellation === 'cancelled');
  }, 60_000);

  it('gives up waiting, and the request goes on', async () => {
    const handle = await smoother.submit({ modelId: NOVA, converse: converse('slow') });
    await expect(handle.result({ timeoutMs: 1 })).rejects.toThrow(ResultTimeoutError);
    expect(await handle.result()).toMatchObject({ status: 'COMPLETED' });
  }, 60_000);

  it('sends and gets what no message can carry through the bucket', async () => {
    const bytes = new Uint8Array(900_000).fill(7);
    const image = { image: { format: 'png' as const, source: { bytes } } };
    const handle = await smoother.submit({
      modelId: HAIKU,
      converse: { ...converse('x'), messages: [{ role: 'user', content: [image] }] },
    });
    expect(await handle.result()).toMatchObject({ status: 'COMPLETED' });
  }, 60_000);
});

const anthropic = {
  anthropic_version: 'bedrock-2023-05-31',
  max_tokens: 30,
  messages: [{ role: 'user', content: 'Hello' }],
};

/** The SDK's client, whose calls go through the smoother one way or the other. */
const WAYS: [string, () => BedrockRuntimeClient][] = [
  ['the drop-in client', () => smoother.bedrock({ tenant: 'drop-in' })],
  ['the sidecar over HTTP/2', () => sidecarClient()],
];

function sidecarClient(): BedrockRuntimeClient {
  const credentials = { accessKeyId: 'any', secretAccessKey: 'thing' };
  return new BedrockRuntimeClient({ endpoint: proxy.url, region: 'us-east-1', credentials });
}

describe.each(WAYS)('%s', (_, clientOf) => {
  it('answers Converse as the SDK does', async () => {
    const answer = await clientOf().send(new ConverseCommand({ modelId: NOVA, ...converse('Hello') }));
    expect(answer.output?.message?.role).toBe('assistant');
    expect(answer.output?.message?.content?.[0]?.text).toBeTruthy();
    expect(answer.usage?.outputTokens).toBeGreaterThan(0);
  }, 60_000);

  it('answers InvokeModel', async () => {
    const answer = await clientOf().send(
      new InvokeModelCommand({
        modelId: HAIKU,
        body: JSON.stringify(anthropic),
        contentType: 'application/json',
      }),
    );
    expect(JSON.parse(answer.body.transformToString())).toMatchObject({ type: 'message', role: 'assistant' });
  }, 60_000);

  it('streams a Converse answer in one go', async () => {
    const { stream } = await clientOf().send(
      new ConverseStreamCommand({ modelId: NOVA, ...converse('Hello') }),
    );
    const kinds: string[] = [];
    let text = '';
    for await (const event of stream ?? []) {
      kinds.push(...Object.keys(event));
      text += event.contentBlockDelta?.delta?.text ?? '';
    }
    expect(kinds).toEqual([
      'messageStart',
      'contentBlockDelta',
      'contentBlockStop',
      'messageStop',
      'metadata',
    ]);
    expect(text).not.toBe('');
  }, 60_000);

  it('streams a body in the form of its model', async () => {
    const { body } = await clientOf().send(
      new InvokeModelWithResponseStreamCommand({ modelId: HAIKU, body: JSON.stringify(anthropic) }),
    );
    const types: string[] = [];
    for await (const { chunk } of body ?? [])
      types.push(JSON.parse(Buffer.from(chunk?.bytes ?? []).toString()).type);
    expect(types).toEqual([
      ...['message_start', 'content_block_start', 'content_block_delta', 'content_block_stop'],
      ...['message_delta', 'message_stop'],
    ]);
  }, 60_000);

  it('refuses with the exception classes of the SDK', async () => {
    const wrong = new ConverseCommand({ modelId: 'no.such-model-v1:0', ...converse('Hello') });
    const error = await clientOf()
      .send(wrong)
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ValidationException);
  }, 60_000);

  it('an abort signal ends the call', async () => {
    const abort = new AbortController();
    const call = clientOf().send(new ConverseCommand({ modelId: NOVA, ...converse('Stop') }), {
      abortSignal: abort.signal,
    });
    setTimeout(() => abort.abort(), 50);
    await expect(call).rejects.toMatchObject({ name: 'AbortError' });
  }, 60_000);
});

describe('docs/producers.md', () => {
  const page = readFileSync(path.join(ROOT, 'docs/producers.md'), 'utf8');
  const examples = [...page.matchAll(/```ts run\n(.*?)```/gs)].map(([, code = '']) => code);

  it.each(examples)(
    'an example runs: %s',
    async (code) => {
      // Inside the project, so that the SDK is found.
      const folder = mkdtempSync(path.join(ROOT, 'dist', 'example-'));
      try {
        const outputs = path.join(folder, 'outputs.json');
        writeFileSync(outputs, JSON.stringify(local.cloud.outputs));
        const file = path.join(folder, 'example.mts');
        const source = path.join(ROOT, 'src/client/index.ts');
        writeFileSync(file, code.replace("'bedrock-request-smoother/client'", JSON.stringify(source)));
        const { endpoint, operator } = local.cloud;
        const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', file], {
          cwd: ROOT,
          env: {
            ...process.env,
            SMOOTHER_OUTPUTS: outputs,
            AWS_ENDPOINT_URL: endpoint,
            AWS_ACCESS_KEY_ID: operator.accessKeyId,
            AWS_SECRET_ACCESS_KEY: operator.secretAccessKey,
          },
        });
        expect(stdout.trim()).not.toBe('');
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
    120_000,
  );

  it('has examples', () => expect(examples).toHaveLength(2));
});

describe('fetch', () => {
  it('answers Bedrock’s HTTP API, whatever the host', async () => {
    const answer = await smoother.fetch({ priority: 1 })(
      `https://bedrock.example.com/model/${NOVA}/converse`,
      {
        method: 'POST',
        body: JSON.stringify(converse('Hello')),
      },
    );
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ output: { message: { role: 'assistant' } } });
  }, 60_000);
});

describe('the sidecar', () => {
  it('speaks HTTP/1.1, and takes what a call says about itself from its headers', async () => {
    const answer = await fetch(`${proxy.url}/model/${NOVA}/converse`, {
      method: 'POST',
      headers: {
        'x-smoother-request-id': 'by-header',
        'x-smoother-tenant': 'acme',
        'x-smoother-priority': '1',
      },
      body: JSON.stringify(converse('Hello')),
    });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-smoother-request-id')).toBe('by-header');
    expect(await smoother.handle('by-header').result()).toMatchObject({ tenant: 'acme', priority: 1 });
  }, 60_000);

  it('tells its health, and is closed to others without a token', async () => {
    expect(await (await fetch(`${proxy.url}/health`)).json()).toEqual({ status: 'ok', open_calls: 0 });
    await expect(startProxy(smoother.calls(), { port: 0, host: '0.0.0.0' })).rejects.toThrow(/token/);
    const guarded = await startProxy(smoother.calls(), { port: 0, token: 'secret' });
    const { status } = await fetch(`${guarded.url}/model/${NOVA}/converse`, { method: 'POST', body: '{}' });
    expect(status).toBe(403);
    await guarded.close();
  });

  it('answers what is open before it stops, and takes nothing new', async () => {
    const stopping = await startProxy(smoother.calls(), { port: 0 });
    const body = JSON.stringify(converse('Last words'));
    const call = () => fetch(`${stopping.url}/model/${NOVA}/converse`, { method: 'POST', body });
    const last = call();
    while (stopping.open === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const drained = stopping.drain();
    expect((await call()).status).toBe(503);
    expect((await last).status).toBe(200);
    await drained;
    expect(stopping.open).toBe(0);
    await stopping.close();
  }, 60_000);
});
