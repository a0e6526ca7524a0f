import {
  Agent,
  createServer as createHttp1,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttp2, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { GatewayRequest, GatewayResponse } from './message.ts';

/** Answers a request; undefined cuts the connection without an answer. */
export type Handler = (request: GatewayRequest) => Promise<GatewayResponse | undefined>;

export interface Listener {
  port: number;
  close(): Promise<void>;
}

/** What an HTTP/2 client says first when it knows that the server speaks it (RFC 9113, 3.4). */
const HTTP2_PREFACE = Buffer.from('PRI * HTTP/2.0');
/** Headers of one connection, not to be passed on. */
const CONNECTION_HEADERS = [
  'connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'te',
  'expect',
];

/** Serves HTTP/1.1 and HTTP/2 with prior knowledge on one free port of 127.0.0.1. */
export async function listen(handler: Handler): Promise<Listener> {
  const answer = (
    incoming: IncomingMessage | Http2ServerRequest,
    outgoing: ServerResponse | Http2ServerResponse,
  ) => {
    // What fails here is the connection: there is nobody left to answer.
    respond(handler, incoming, outgoing).catch(() => incoming.destroy());
  };
  const http1 = createHttp1({ keepAliveTimeout: 60_000 }, answer);
  const http2 = createHttp2(answer);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.setNoDelay(true);
    socket.once('data', (first: Buffer) => {
      socket.pause();
      socket.unshift(first);
      const start = first.subarray(0, HTTP2_PREFACE.length);
      const server = HTTP2_PREFACE.subarray(0, start.length).equals(start) ? http2 : http1;
      server.emit('connection', socket);
      // HTTP/2 reads what is buffered by itself, and would lose it to a flowing socket.
      if (server === http1) socket.resume();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

async function respond(
  handler: Handler,
  incoming: IncomingMessage | Http2ServerRequest,
  outgoing: ServerResponse | Http2ServerResponse,
): Promise<void> {
  const answer = await readRequest(incoming).then(handler);
  if (!answer) {
    // Under HTTP/2 the socket is a stand-in that must not be destroyed itself.
    if ('stream' in incoming) incoming.stream.session?.destroy();
    else incoming.socket.destroy();
    return;
  }
  const headers: Record<string, string> = { ...answer.headers, 'content-length': String(answer.body.length) };
  // A HEAD answer and a 304 tell of a body they do not have: the length comes from the answer itself.
  if (incoming.method === 'HEAD') headers['content-length'] = answer.headers['content-length'] ?? '0';
  (outgoing as ServerResponse).writeHead(answer.status, headers);
  outgoing.end(incoming.method === 'HEAD' ? '' : answer.body);
}

async function readRequest(incoming: IncomingMessage | Http2ServerRequest): Promise<GatewayRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming as IncomingMessage) chunks.push(chunk);
  const [path = '/', ...query] = (incoming.url ?? '/').split('?');
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (name === ':authority') headers.host = String(value);
    else if (!name.startsWith(':') && value !== undefined)
      headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return {
    method: incoming.method ?? 'GET',
    path,
    query: new URLSearchParams(query.join('?')),
    headers,
    body: Buffer.concat(chunks),
  };
}

/** Passes requests on to one HTTP/1.1 server over kept connections. */
export class Upstream {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 512 });

  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  send({ method, path, query, headers, body }: GatewayRequest): Promise<GatewayResponse> {
    const search = query.size > 0 ? `?${query}` : '';
    const passed = Object.fromEntries(
      Object.entries(headers).filter(
        ([name]) => !CONNECTION_HEADERS.includes(name) && name !== 'content-length',
      ),
    );
    if (body.length > 0 || method === 'POST' || method === 'PUT')
      passed['content-length'] = String(body.length);
    return new Promise((resolve, reject) => {
      const outgoing = request(
        this.#url + path + search,
        { method, headers: passed, agent: this.#agent },
        (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
          incoming.on('error', reject);
          incoming.on('end', () =>
            resolve({
              status: incoming.statusCode ?? 500,
              headers: plainHeaders(incoming),
              body: Buffer.concat(chunks),
            }),
          );
        },
      );
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

function plainHeaders(incoming: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined && !CONNECTION_HEADERS.includes(name)) headers[name] = String(value);
  }
  return headers;
}
