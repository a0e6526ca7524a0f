/**
 * The console's server: on loopback only, and for those who have the token that is in its address. A page of another site, or
 * another user of this machine, has neither the token nor a way to read the answers.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as z from 'zod';
import { SmootherUsageError } from '../../client/errors.ts';
import { checkRecordId } from '../../client/request-id.ts';
import { isNotAllowed } from '../../core/operations/errors.ts';
import { parseJson } from '../../core/request/json.ts';
import { readUpTo } from '../../wire/message.ts';
import { UsageError } from '../errors.ts';
import { problemOf } from '../terminal/problems.ts';
import type { Answers } from './answers.ts';
import type { Action, PageData, Refusal } from './data.ts';
import { pageHtml } from './html.ts';

const MOST_BODY_BYTES = 4_096;

export interface ConsoleOptions {
  /** Default: a free one. */
  port?: number;
  readOnly?: boolean;
}

export interface Console {
  /** With the token in it. */
  url: string;
  close(): Promise<void>;
}

const name = z.string().min(1).max(1_024);
const action: z.ZodType<Action> = z.discriminatedUnion('action', [
  z.strictObject({ action: z.enum(['pause', 'resume']), lane: name }),
  z.strictObject({ action: z.enum(['cancel', 'retry']), request: name }),
  z.strictObject({ action: z.literal('redrive'), queue: z.enum(['input', 'hold', 'batches', 'reporting']) }),
]);

/** What each action needs, told to those whose credentials lack it. */
const NEEDS: Record<Action['action'], string> = {
  pause: 'dynamodb:UpdateItem on the lanes table',
  resume: 'dynamodb:UpdateItem on the lanes table',
  cancel: 'sqs:SendMessage on the input queue',
  retry: 's3:GetObject on the calls bucket and sqs:SendMessage on the input queue',
  redrive:
    'sqs:ReceiveMessage, sqs:ChangeMessageVisibility and sqs:DeleteMessage on the dead-letter queue, and sqs:SendMessage on the queue behind it',
};

export async function startConsole(
  answers: Answers,
  { port = 0, readOnly = false }: ConsoleOptions = {},
): Promise<Console> {
  const token = randomBytes(24).toString('base64url');
  const shell = await pageHtml();
  const server = createServer((request, response) => {
    void answer(request, response).catch((error) => {
      refuse(response, statusOf(error), { error: messageOf(error) });
    });
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    protect(response, shell.policy);
    const [pathname = '', ...query] = (request.url ?? '/').split('?');
    const searchParams = new URLSearchParams(query.join('?'));
    // A name that leads here by DNS rebinding is not ours.
    if (!isOwnHost(request, server))
      return refuse(response, 403, { error: 'Use the address that was printed.' });
    if (pathname === '/' && request.method === 'GET') {
      if (!isToken(searchParams.get('token') ?? '', token)) {
        return refuse(response, 401, {
          error: 'The address that "smoother console" printed ends with a token.',
        });
      }
      response.setHeader('content-type', 'text/html; charset=utf-8');
      response.end(shell.html);
      return;
    }
    if (!pathname.startsWith('/api/')) return refuse(response, 404, { error: 'There is no such page.' });
    const [, given = ''] = /^Bearer (.+)$/.exec(request.headers.authorization ?? '') ?? [];
    if (!isToken(given, token)) return refuse(response, 401, { error: 'The token is missing or wrong.' });
    await answerApi(request, response, pathname, searchParams);
  }

  async function answerApi(
    request: IncomingMessage,
    response: ServerResponse,
    pathname: string,
    parameters: URLSearchParams,
  ): Promise<void> {
    if (pathname === '/api/page' && request.method === 'GET') {
      const page: PageData = { ...(await answers.page()), live: true, readOnly };
      return send(response, 200, page);
    }
    if (pathname === '/api/request' && request.method === 'GET') {
      const id = parameters.get('id') ?? '';
      checkRecordId(id);
      return send(response, 200, await answers.request(id));
    }
    if (pathname === '/api/act' && request.method === 'POST') return act(request, response);
    refuse(response, 404, { error: 'There is no such question.' });
  }

  async function act(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readUpTo(MOST_BODY_BYTES, request);
    if (body === undefined) {
      return refuse(response, 413, { error: `An action takes at most ${MOST_BODY_BYTES} bytes.` });
    }
    const asked = action.safeParse(parseJson(body));
    if (!asked.success) return refuse(response, 400, { error: 'This is not an action of the console.' });
    const needs = NEEDS[asked.data.action];
    if (readOnly) {
      return refuse(response, 403, { error: 'The console was started with --read-only.', lacks: needs });
    }
    try {
      send(response, 200, await answers.act(asked.data));
    } catch (error) {
      if (statusOf(error) !== 403) throw error;
      refuse(response, 403, { error: 'The credentials may not do this.', lacks: needs });
    }
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/?token=${token}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function messageOf(error: unknown): string {
  return error instanceof UsageError ? error.message : (problemOf(error)?.message ?? String(error));
}

function statusOf(error: unknown): number {
  if (error instanceof SmootherUsageError || error instanceof UsageError) return 400;
  return isNotAllowed(error instanceof Error ? error.name : '') ? 403 : 500;
}

function isOwnHost({ headers: { host } }: IncomingMessage, server: Server): boolean {
  const { port } = server.address() as AddressInfo;
  return host === `127.0.0.1:${port}` || host === `localhost:${port}`;
}

function isToken(given: string, token: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(token)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function protect(response: ServerResponse, contentPolicy: string): void {
  response.setHeader('content-security-policy', contentPolicy);
  response.setHeader('referrer-policy', 'no-referrer');
  response.setHeader('x-content-type-options', 'nosniff');
  response.setHeader('cache-control', 'no-store');
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.statusCode = status;
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(body));
}

function refuse(response: ServerResponse, status: number, refusal: Refusal): void {
  if (!response.headersSent) send(response, status, refusal);
}
