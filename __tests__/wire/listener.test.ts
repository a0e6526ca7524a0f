import http from 'node:http';
import http2 from 'node:http2';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { type HttpResponse, type Listener, listen } from '../../src/wire/listener.ts';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

/** A server that says which protocol it was asked in. */
async function start(): Promise<Listener> {
  const listener = await listen({ host: '127.0.0.1', port: 0 }, (request, response: HttpResponse) => {
    (response as http.ServerResponse).end(`HTTP/${request.httpVersion} ${request.method}`);
  });
  open.push(listener);
  return listener;
}

/** Passes everything on, but the first bytes one by one, as a network may. */
async function startCrumbling({ port }: Listener): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((incoming) => {
    const outgoing = connect({ port, host: '127.0.0.1', noDelay: true });
    for (const socket of [incoming, outgoing]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
    }
    outgoing.pipe(incoming);
    incoming.once('data', async (first: Buffer) => {
      incoming.pause();
      for (const byte of first.subarray(0, 4)) {
        outgoing.write(Buffer.from([byte]));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      outgoing.write(first.subarray(4));
      incoming.pipe(outgoing);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push({
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  });
  return (server.address() as { port: number }).port;
}

async function over1(port: number, method: string): Promise<string> {
  const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
    http.request({ host: '127.0.0.1', port, method, agent: false }, resolve).once('error', reject).end();
  });
  return text(response);
}

async function over2(port: number): Promise<string> {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  open.push({ close: () => session.destroy() });
  return text(session.request({ ':method': 'POST', ':path': '/' }).end());
}

async function text(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

const hasIPv6 = Object.values(networkInterfaces())
  .flat()
  .some((each) => each?.address === '::1');

it.skipIf(!hasIPv6)('has a URL, also on an IPv6 address', async () => {
  const listener = await listen({ host: '::1', port: 0 }, (_, response: HttpResponse) => {
    (response as http.ServerResponse).end('here');
  });
  open.push(listener);
  expect(await (await fetch(listener.url)).text()).toBe('here');
});

describe('one port', () => {
  it('speaks HTTP/1.1 and HTTP/2', async () => {
    const { port } = await start();
    expect(await over1(port, 'GET')).toBe('HTTP/1.1 GET');
    expect(await over2(port)).toBe('HTTP/2.0 POST');
  });

  it.each(['POST', 'PUT', 'PATCH', 'GET'])(
    'waits for enough of a %s that comes byte by byte',
    async (method) => {
      const port = await startCrumbling(await start());
      expect(await over1(port, method)).toBe(`HTTP/1.1 ${method}`);
    },
  );

  it('waits for enough of an HTTP/2 preface that comes byte by byte', async () => {
    expect(await over2(await startCrumbling(await start()))).toBe('HTTP/2.0 POST');
  });
});
