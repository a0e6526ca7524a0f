import { Agent, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import {
  cut,
  type HttpRequest,
  type HttpResponse,
  type Listener,
  listen as listenOn,
} from '../../wire/listener.ts';
import type { GatewayRequest, GatewayResponse, StreamedResponse } from './message.ts';

/** Answers a request; undefined cuts the connection without an answer. */
export type Handler = (request: GatewayRequest) => Promise<GatewayResponse | StreamedResponse | undefined>;

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

/** Serves a handler on a port of 127.0.0.1; 0 takes a free one. */
export function listen(handler: Handler, port = 0): Promise<Listener> {
  return listenOn({ host: '127.0.0.1', port }, (incoming, outgoing) => {
    // When this fails, the connection is broken, and there is nobody left to answer.
    respond(handler, incoming, outgoing).catch(() => incoming.destroy());
  });
}

async function respond(handler: Handler, incoming: HttpRequest, outgoing: HttpResponse): Promise<void> {
  const answer = await readRequest(incoming).then(handler);
  if (!answer) return cut(outgoing);
  const { status, headers, body } = answer;
  if (!Buffer.isBuffer(body)) {
    (outgoing as ServerResponse).writeHead(status, headers);
    return pipeline(body, outgoing as ServerResponse);
  }
  // The answer to a HEAD request announces the length of a body that it does not send.
  const length = incoming.method === 'HEAD' ? (headers['content-length'] ?? '0') : String(body.length);
  (outgoing as ServerResponse).writeHead(status, { ...headers, 'content-length': length });
  outgoing.end(incoming.method === 'HEAD' ? '' : body);
}

async function readRequest(incoming: HttpRequest): Promise<GatewayRequest> {
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

  /** Waits for the whole answer. */
  async send(message: GatewayRequest): Promise<GatewayResponse> {
    const { body, ...head } = await this.stream(message);
    const chunks: Buffer[] = [];
    for await (const chunk of body) chunks.push(chunk);
    return { ...head, body: Buffer.concat(chunks) };
  }

  /** Waits for the beginning of the answer; its body must be read. */
  stream({ method, path, query, headers, body }: GatewayRequest): Promise<StreamedResponse> {
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
        (incoming) =>
          resolve({
            status: incoming.statusCode ?? 500,
            headers: plainHeaders(incoming),
            body: incoming,
          }),
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
