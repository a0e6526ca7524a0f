import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { Readable } from 'node:stream';
import { expect, it, vi } from 'vitest';
import { BedrockCalls } from '../../src/client/http/calls.ts';
import { Smoother } from '../../src/client/index.ts';
import { startProxy } from '../../src/client/proxy.ts';

it('answers a caller whose body is far too large, and does not cut it off while it sends', async () => {
  const submit = () => Promise.reject(new Error('not to be submitted'));
  const proxy = await startProxy(new BedrockCalls({ submit }, {}), { port: 0 });
  try {
    const call = request(`${proxy.url}/model/m/converse`, { method: 'POST' });
    Readable.from(Array(60).fill(Buffer.alloc(1_000_000))).pipe(call);
    const [answer] = (await once(call, 'response')) as [IncomingMessage];
    // It is sent as a whole before the answer comes.
    expect(call.writableFinished).toBe(true);
    expect(answer.statusCode).toBe(400);
    const body = Buffer.concat(await answer.toArray()).toString();
    expect(JSON.parse(body)).toEqual({ message: 'Request body exceeds 25000000 bytes' });
  } finally {
    await proxy.close();
  }
});

it('takes no call from a web page, which any site can send to this machine, unless it has the token', async () => {
  const submit = vi.fn(() => Promise.reject(new Error('submitted')));
  const statusOf = async (token: string | undefined, headers: Record<string, string>) => {
    const proxy = await startProxy(new BedrockCalls({ submit }, {}), { port: 0, ...(token && { token }) });
    try {
      const call = request(`${proxy.url}/model/m/converse`, { method: 'POST', headers }).end('{}');
      const [answer] = (await once(call, 'response')) as [IncomingMessage];
      answer.resume();
      return answer.statusCode;
    } finally {
      await proxy.close();
    }
  };
  const page = { origin: 'https://elsewhere.example', 'content-type': 'text/plain' };
  expect(await statusOf(undefined, page)).toBe(403);
  expect(await statusOf('secret', page)).toBe(403);
  expect(submit).not.toHaveBeenCalled();
  expect(await statusOf('secret', { ...page, 'x-smoother-token': 'secret' })).toBe(503);
  expect(submit).toHaveBeenCalledOnce();
});

it('does not start with an empty token, which would let in everybody', async () => {
  const submit = () => Promise.reject(new Error('not to be submitted'));
  const starting = startProxy(new BedrockCalls({ submit }, {}), { port: 0, token: '' });
  await expect(starting).rejects.toThrow('token: must not be empty');
});

it('answers a call that is nested too deeply as one that is not valid, so that SDKs do not try it again', async () => {
  const endpoint = 'http://127.0.0.1:1';
  const smoother = new Smoother({
    endpoint,
    credentials: { accessKeyId: 'any', secretAccessKey: 'thing' },
    outputs: {
      region: 'us-east-1',
      input_queue_url: `${endpoint}/1/input`,
      requests_table_name: 'requests',
      bedrock_calls_bucket_name: 'calls',
      bedrock_results_queue_url: `${endpoint}/1/results`,
    },
  });
  const proxy = await startProxy(smoother.calls(), { port: 0 });
  try {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    // Numbers of sixteen digits are read in another way.
    for (const body of [`{"messages":${deep}}`, `{"n":1234567890123456789,"messages":${deep}}`]) {
      const call = request(`${proxy.url}/model/m/converse`, { method: 'POST' }).end(body);
      const [answer] = (await once(call, 'response')) as [IncomingMessage];
      expect(answer.headers['x-amzn-errortype']).toBe('ValidationException');
      answer.resume();
    }
  } finally {
    await proxy.close();
    smoother.destroy();
  }
});
