/** One port for HTTP/1.1 and HTTP/2 with prior knowledge: boto3 speaks the first, the JavaScript SDK the second. */
import { createServer as createHttp1, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  constants,
  createServer as createHttp2,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2';
import { type AddressInfo, createServer, isIPv6, type Socket } from 'node:net';

export type HttpRequest = IncomingMessage | Http2ServerRequest;
export type HttpResponse = ServerResponse | Http2ServerResponse;

export interface Listener {
  url: string;
  port: number;
  /** Stops listening and cuts open connections. */
  close(): Promise<void>;
}

/**
 * Every HTTP/2 connection with prior knowledge starts with `PRI * HTTP/2.0` (RFC 9113, 3.4). Three bytes are enough to
 * tell, since no method of HTTP/1.1 starts with them; fewer are not, since POST and PUT start with the first.
 */
const HTTP2_PREFACE = Buffer.from('PRI');
const KEEP_ALIVE_MS = 60_000;
/** Connections that wait to be accepted. With Node's 511, a burst of callers has some of its connections reset. */
const BACKLOG = 4_096;

/** Listens on an address; port 0 takes a free one. What the handler throws must not escape it. */
export async function listen(
  { host, port }: { host: string; port: number },
  handle: (request: HttpRequest, response: HttpResponse) => void,
): Promise<Listener> {
  const http1 = createHttp1({ keepAliveTimeout: KEEP_ALIVE_MS }, handle);
  const http2 = createHttp2(handle);
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    // When a client goes away in the middle of an answer, there is nobody left to tell.
    socket.on('error', () => socket.destroy());
    detectProtocol(socket, (isHttp2) => {
      (isHttp2 ? http2 : http1).emit('connection', socket);
      // HTTP/2 reads what is buffered by itself, and would lose it to a flowing socket.
      if (!isHttp2) socket.resume();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, backlog: BACKLOG }, resolve);
  });
  const { port: taken } = server.address() as AddressInfo;
  return {
    url: `http://${isIPv6(host) ? `[${host}]` : host}:${taken}`,
    port: taken,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** Cuts the connection under a response, as a network failure does. */
export function cut(response: HttpResponse): void {
  if (!('stream' in response)) {
    response.socket?.destroy();
    return;
  }
  // The end of a session alone would look to the client like the regular end of an answer that has begun.
  const { stream } = response;
  stream.close(constants.NGHTTP2_INTERNAL_ERROR, () => stream.session?.destroy());
}

/** Waits for as many bytes as decide, and leaves them to be read again by the server that gets the connection. */
function detectProtocol(socket: Socket, then: (isHttp2: boolean) => void): void {
  let head = Buffer.alloc(0);
  const look = (chunk: Buffer) => {
    head = Buffer.concat([head, chunk]);
    const length = Math.min(head.length, HTTP2_PREFACE.length);
    const matches = head.subarray(0, length).equals(HTTP2_PREFACE.subarray(0, length));
    if (matches && length < HTTP2_PREFACE.length) return;
    socket.off('data', look);
    socket.pause();
    socket.unshift(head);
    then(matches);
  };
  socket.on('data', look);
}
