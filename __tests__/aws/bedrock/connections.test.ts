import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BedrockConnections } from '../../../src/aws/bedrock/connections.ts';
import { bedrockClient, bedrockRuntime } from '../../../src/aws/bedrock/runtime.ts';
import type { ModelCall } from '../../../src/core/invocation/ports.ts';

const CALL: ModelCall = {
  modelId: 'amazon.nova-lite-v1:0',
  lane: 'amazon.nova-lite:on-demand',
  payload: { v: 1, operation: 'converse', converse: { messages: [] } },
  body: '{"messages":[]}',
  timeoutMs: 10_000,
};

/** Connections on which the server has answered, and which it resets at the next request. */
let stale: Set<Socket>;
let answered: number;
let connected: number;
let server: Server;
let now: number;
let client: ReturnType<typeof bedrockClient>;
/** How long the server takes until it resets a stale connection, by the client's clock. */
let resetsAfterMs: number;

beforeEach(async () => {
  [stale, answered, connected, now, resetsAfterMs] = [new Set(), 0, 0, 0, 0];
  server = createServer((request, response) => {
    const { socket } = request;
    if (stale.has(socket)) {
      now += resetsAfterMs;
      socket.destroy();
      return;
    }
    stale.add(socket);
    answered += 1;
    response.end(JSON.stringify({ output: {}, usage: { inputTokens: 1, outputTokens: 1, totalTokens: 2 } }));
  });
  server.on('connection', () => {
    connected += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  client = bedrockClient({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    requestHandler: new BedrockConnections({ now: () => now }),
  });
});
afterEach(async () => {
  client.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const call = () => bedrockRuntime(client).call(CALL);

describe('a connection that was closed while the function was frozen', () => {
  it('costs no call: it is made again at once over a new one', async () => {
    await Promise.all([call(), call(), call()]);
    expect(connected).toBe(3);
    await call();
    expect(answered).toBe(4);
    expect(connected).toBe(4);
  });

  it('is not used again after a pause', async () => {
    await call();
    now += 10_001;
    stale.clear();
    await call();
    expect(connected).toBe(2);
    // The control: without a pause it is.
    now += 10_000;
    stale.clear();
    await call();
    expect(connected).toBe(2);
  });
});

it('a connection that is cut later is an error: Bedrock may have begun to answer', async () => {
  await call();
  resetsAfterMs = 1_001;
  await expect(call()).rejects.toMatchObject({ kind: 'transient' });
  expect(answered).toBe(1);
});
