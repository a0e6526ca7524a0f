/** The sidecar: bedrock-runtime's HTTP API on a port of this machine, answered through the smoother. */
import { timingSafeEqual } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { BedrockError } from '../wire/errors.ts';
import { encodeJson } from '../wire/json.ts';
import { type HttpRequest, type HttpResponse, listen } from '../wire/listener.ts';
import { readText } from '../wire/message.ts';
import { SmootherUsageError } from './errors.ts';
import { type BedrockCalls, errorAnswer, type HttpAnswer } from './http/calls.ts';
import { checkOptions } from './options.ts';

export interface ProxyOptions {
  /** 0 takes a free one. */
  port: number;
  /** Default: 127.0.0.1. Any other but loopback needs a token. */
  host?: string;
  /** Callers must send it as `x-smoother-token`, or as the bearer token of Bedrock API keys. */
  token?: string;
}

export interface RunningProxy {
  url: string;
  /** Calls that wait for their answer. */
  readonly open: number;
  /** Takes no new calls, and resolves once those that are open have been answered or the signal aborts. */
  drain(signal?: AbortSignal): Promise<void>;
  /** Cuts what is open. */
  close(): Promise<void>;
}

const HEALTH = '/health';
const LOOPBACK = /^(127\.|localhost$|::1$|\[::1\]$)/;
const LOOK_EVERY_MS = 50;

/** @throws SmootherUsageError for an unknown option, and for a host that is not loopback without a token */
export async function startProxy(calls: BedrockCalls, options: ProxyOptions): Promise<RunningProxy> {
  checkOptions<ProxyOptions>(options, { port: true, host: true, token: true });
  const { port, host = '127.0.0.1', token } = options;
  if (token === '') throw new SmootherUsageError('token: must not be empty');
  if (!LOOPBACK.test(host) && token === undefined) {
    throw new SmootherUsageError(`host: ${host} can be reached from elsewhere, so a token must be given`);
  }
  let open = 0;
  let draining = false;
  const respond = async (request: HttpRequest, response: HttpResponse) => {
    const [path = '/'] = (request.url ?? '/').split('?');
    if (path === HEALTH) return send(response, health(draining, open));
    if (draining)
      return send(
        response,
        errorAnswer(new BedrockError('ServiceUnavailableException', 'The sidecar is stopping')),
      );
    const denied = denialOf(request, token);
    if (denied !== undefined) {
      return send(response, errorAnswer(new BedrockError('AccessDeniedException', denied)));
    }
    open += 1;
    const hungUp = new AbortController();
    response.once('close', () => hungUp.abort(new Error('the caller hung up')));
    try {
      const body = await readText(request);
      const method = request.method ?? 'GET';
      send(response, await calls.answer({ method, path, headers: headersOf(request), body }, hungUp.signal));
    } catch (error) {
      if (!hungUp.signal.aborted) send(response, errorAnswer(error));
    } finally {
      open -= 1;
    }
  };
  const listener = await listen({ host, port }, (request, response) => void respond(request, response));
  return {
    url: listener.url,
    get open() {
      return open;
    },
    async drain(signal) {
      draining = true;
      while (open > 0 && !signal?.aborted) await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    },
    close: () => listener.close(),
  };
}

function health(draining: boolean, open: number): HttpAnswer {
  return {
    status: draining ? 503 : 200,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(encodeJson({ status: draining ? 'draining' : 'ok', open_calls: open })),
  };
}

/**
 * Why the caller may not call. A page of any web site can send to loopback from the browser of this machine, and browsers tell
 * by the header Origin where a call comes from; SDKs do not send it.
 */
function denialOf(request: HttpRequest, token: string | undefined): string | undefined {
  if (token !== undefined) {
    return isAllowed(request, token) ? undefined : 'x-smoother-token is missing or wrong';
  }
  return request.headers.origin === undefined ? undefined : 'A web page may call only a sidecar with a token';
}

function isAllowed({ headers }: HttpRequest, token: string): boolean {
  const given = String(headers['x-smoother-token'] ?? headers.authorization?.replace(/^Bearer /, '') ?? '');
  const [a, b] = [Buffer.from(given), Buffer.from(token)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function headersOf({ headers }: HttpRequest): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );
}

function send(response: HttpResponse, { status, headers, body }: HttpAnswer): void {
  if (response.destroyed) return;
  const answer = response as ServerResponse;
  answer.writeHead(status, { ...headers, 'content-length': String(body.length) });
  answer.end(body);
}
