import http from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import { NodeHttpHandler } from '@smithy/node-http-handler';

const CONNECTION_TIMEOUT_MS = 3_000;
/**
 * Lambda freezes a function between invocations, and the other side closes idle connections meanwhile without our seeing it.
 * After a pause as long as this no connection is used again.
 */
const LONGEST_PAUSE_MS = 10_000;
/** A connection that had been closed already is reset at once. Later, Bedrock may have begun to answer. */
const RESET_WITHIN_MS = 1_000;
const RESET_CODES = new Set(['ECONNRESET', 'EPIPE']);
/** On errors of requests that were sent over a connection of an earlier request. */
const REUSED = Symbol('reused connection');

interface Options {
  /** Epoch milliseconds. */
  now?: () => number;
}

/**
 * HTTP/1.1 and not the SDK's HTTP/2: a worker's few concurrent calls get a connection each, kept alive, so one that
 * stalls or is reset takes no other call with it. A call that is lost to a stale connection, before Bedrock can have seen it, is
 * made again at once over a new one: it has cost nothing, and says nothing about Bedrock.
 */
export class BedrockConnections extends NodeHttpHandler {
  readonly #agents: readonly http.Agent[];
  readonly #now: () => number;
  #running = 0;
  #lastUsedAt: number;

  constructor({ now = Date.now }: Options = {}) {
    const httpAgent = new HttpAgent({ keepAlive: true });
    const httpsAgent = new HttpsAgent({ keepAlive: true });
    super({ connectionTimeout: CONNECTION_TIMEOUT_MS, httpAgent, httpsAgent });
    this.#agents = [httpAgent, httpsAgent];
    this.#now = now;
    this.#lastUsedAt = now();
  }

  override async handle(...call: Parameters<NodeHttpHandler['handle']>) {
    const sentAt = this.#now();
    if (this.#running === 0 && sentAt > this.#lastUsedAt + LONGEST_PAUSE_MS) this.#closeIdle();
    this.#running += 1;
    try {
      return await super.handle(...call);
    } catch (error) {
      if (!isStale(error) || this.#now() > sentAt + RESET_WITHIN_MS) throw error;
      // Others of the same age are no better.
      this.#closeIdle();
      return await super.handle(...call);
    } finally {
      this.#running -= 1;
      this.#lastUsedAt = this.#now();
    }
  }

  #closeIdle(): void {
    for (const { freeSockets } of this.#agents) {
      for (const sockets of Object.values(freeSockets)) for (const socket of sockets ?? []) socket.destroy();
    }
  }
}

class HttpAgent extends http.Agent {
  override reuseSocket(socket: Duplex, request: http.ClientRequest): void {
    super.reuseSocket(socket, request);
    markErrors(request);
  }
}

class HttpsAgent extends https.Agent {
  override reuseSocket(socket: Duplex, request: http.ClientRequest): void {
    super.reuseSocket(socket, request);
    markErrors(request);
  }
}

function markErrors(request: http.ClientRequest): void {
  request.once('error', (error) => Object.assign(error, { [REUSED]: true }));
}

function isStale(error: unknown): boolean {
  const { code = '', [REUSED]: reused = false } = Object(error) as { code?: string; [REUSED]?: boolean };
  return reused && RESET_CODES.has(code);
}
