import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  createServer as createHttp2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2';
import { type AddressInfo, createServer, type Socket } from 'node:net';

export type HttpRequest = IncomingMessage | Http2ServerRequest;
export type HttpResponse = ServerResponse | Http2ServerResponse;
export type Listener = (request: HttpRequest, response: HttpResponse) => void;

/** Every HTTP/2 connection with prior knowledge starts with `PRI * HTTP/2.0`; no HTTP/1.1 method starts like that. */
const HTTP2_PREFACE = Buffer.from('PRI');

/** Serves HTTP/1.1 and HTTP/2 with prior knowledge on one port: boto3 speaks the one, the JavaScript SDK the other. */
export async function listen(
  host: string,
  port: number,
  listener: Listener,
): Promise<{ port: number; close(): Promise<void> }> {
  const http1 = createHttpServer({ keepAliveTimeout: 60_000 }, listener);
  const http2 = createHttp2Server(listener);
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    // A client that goes away mid-answer is its own affair.
    socket.on('error', () => socket.destroy());
    sniff(socket, (isHttp2) => (isHttp2 ? http2 : http1).emit('connection', socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** Looks at the first bytes of a connection and leaves them to be read again. */
function sniff(socket: Socket, then: (isHttp2: boolean) => void): void {
  socket.once('readable', () => {
    const head: Buffer | null = socket.read();
    if (!head) return;
    socket.unshift(head);
    const length = Math.min(head.length, HTTP2_PREFACE.length);
    const isHttp2 = head.subarray(0, length).equals(HTTP2_PREFACE.subarray(0, length));
    if (isHttp2 && length < HTTP2_PREFACE.length) sniff(socket, then);
    else then(isHttp2);
  });
}
