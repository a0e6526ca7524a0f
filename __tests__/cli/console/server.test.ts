import { request as httpRequest } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import type { Action } from '../../../src/cli/console/data.ts';
import { type Console, startConsole } from '../../../src/cli/console/server.ts';
import { chooseLane } from '../../../src/cli/operator/lanes.ts';
import { unanswered } from '../../../src/core/operations/findings.ts';
import { createMemoryCloud } from '../../../src/memory/cloud.ts';
import { fakeAnswers, WAITING } from './page-data.ts';

const PAUSE = { action: 'pause', lane: 'amazon.nova-lite:geo' } as const satisfies Action;
const started: Console[] = [];

afterEach(async () => {
  for (const it of started.splice(0)) await it.close();
});

async function consoleWith(...options: Parameters<typeof fakeAnswers>) {
  return begin(await startConsole(fakeAnswers(...options)));
}

function begin(it: Console) {
  started.push(it);
  const url = new URL(it.url);
  const token = url.searchParams.get('token') ?? '';
  const ask = (path: string, { headers = {}, ...init }: RequestInit = {}) =>
    fetch(new URL(path, url), { ...init, headers: { authorization: `Bearer ${token}`, ...headers } });
  const act = (body: unknown) => ask('/api/act', { method: 'POST', body: JSON.stringify(body) });
  return { url, ask, act };
}

describe('the console’s server', () => {
  it('listens on loopback, and serves a page that may load nothing from elsewhere', async () => {
    const { url } = await consoleWith();
    expect(url.hostname).toBe('127.0.0.1');
    const page = await fetch(url);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await page.text()).not.toMatch(/<(script|link|img)[^>]* (src|href)=/);
  });

  it.each([
    ['the page without a token', '/', {}],
    ['the page with a wrong token', `/?token=${'x'.repeat(32)}`, {}],
    ['a question without a token', '/api/page', {}],
    ['a question with a wrong token', '/api/page', { authorization: `Bearer ${'x'.repeat(32)}` }],
  ])('refuses %s', async (_, path, headers) => {
    const { url } = await consoleWith();
    expect((await fetch(new URL(path, url), { headers })).status).toBe(401);
  });

  it('does nothing without the token', async () => {
    const acted: Action[] = [];
    const { url } = await consoleWith(acted);
    const answer = await fetch(new URL('/api/act', url), { method: 'POST', body: JSON.stringify(PAUSE) });
    expect(answer.status).toBe(401);
    expect(acted).toEqual([]);
  });

  it('answers only under its own address', async () => {
    const { url } = await consoleWith();
    const status = await new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: url.port, path: url.pathname + url.search };
      httpRequest({ ...options, headers: { host: `attacker.example:${url.port}` } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .once('error', reject)
        .end();
    });
    expect(status).toBe(403);
  });

  it.each(['//', '//api/page', '/%', '*', 'http://:x/'])('has no page at %s', async (path) => {
    const { url } = await consoleWith();
    const status = await new Promise((resolve, reject) => {
      httpRequest({ host: '127.0.0.1', port: url.port, path }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .once('error', reject)
        .end();
    });
    expect(status).toBe(404);
  });

  it('answers what the page asks', async () => {
    const { ask } = await consoleWith();
    expect(await (await ask('/api/page')).json()).toMatchObject({
      live: true,
      readOnly: false,
      lanes: [{}, {}],
    });
    expect(await (await ask(`/api/request?id=${WAITING.request_id}`)).json()).toEqual(WAITING);
    expect((await ask('/api/request?id=rejected/m1')).status).toBe(200);
    expect((await ask('/api/other')).status).toBe(404);
  });

  it.each(['', 'a/b', 'x'.repeat(129), 'rejected/', '%00'])('says what an id must be, not %j', async (id) => {
    const { ask } = await consoleWith();
    const answer = await ask(`/api/request?id=${id}`);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toEqual({ error: expect.stringContaining('request_id: must be') });
  });

  it('does what it is asked to', async () => {
    const acted: Action[] = [];
    const { act } = await consoleWith(acted);
    expect(await (await act(PAUSE)).json()).toEqual({ says: 'done: pause' });
    expect(acted).toEqual([PAUSE]);
  });

  it.each([
    ['an unknown action', { action: 'drop', lane: 'x' }],
    ['an action with more to it', { ...PAUSE, also: 1 }],
    ['an id that is too long', { action: 'cancel', request: 'x'.repeat(2_000) }],
    ['nothing', undefined],
  ])('refuses %s', async (_, body) => {
    const acted: Action[] = [];
    const { act } = await consoleWith(acted);
    expect((await act(body)).status).toBe(400);
    expect(acted).toEqual([]);
  });

  it('reads what is far too long to its end, so that the answer is seen', async () => {
    const acted: Action[] = [];
    const { act } = await consoleWith(acted);
    for (const bytes of [5_000, 30_000_000]) {
      const answer = await act({ action: 'cancel', request: 'x'.repeat(bytes) });
      expect(answer.status).toBe(413);
      expect(await answer.json()).toEqual({ error: 'An action takes at most 4096 bytes.' });
    }
    expect(acted).toEqual([]);
  });

  it('does nothing when it was started to look only, and says what would be needed', async () => {
    const acted: Action[] = [];
    const { act } = begin(await startConsole(fakeAnswers(acted), { readOnly: true }));
    const answer = await act(PAUSE);
    expect(answer.status).toBe(403);
    expect(await answer.json()).toMatchObject({ lacks: 'dynamodb:UpdateItem on the lanes table' });
    expect(acted).toEqual([]);
  });

  it('says which lane it does not know', async () => {
    const lanes = { ...createMemoryCloud().ports };
    await lanes.registry.register(PAUSE.lane, 'us.amazon.nova-lite-v1:0', Date.now());
    const answers = {
      ...fakeAnswers(),
      act: async (action: Action) => ({ says: await chooseLane('lane' in action ? action.lane : '', lanes) }),
    };
    const { act } = begin(await startConsole(answers));
    expect((await act(PAUSE)).status).toBe(200);
    const answer = await act({ ...PAUSE, lane: 'nobody' });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toEqual({
      error: `"nobody" is neither a lane nor a model of one; the lanes are ${PAUSE.lane}`,
    });
  });

  it.each([
    'AccessDenied',
    'AccessDeniedException',
    'AuthorizationErrorException',
    'NotAuthorizedException',
    'UnauthorizedOperation',
    '403',
  ])('tells what the credentials lack, after %s', async (name) => {
    const denied = Object.assign(new Error('not authorized'), { name });
    expect(unanswered('it', { error: name, says: 'no' })).toMatchObject({ severity: 'unknown' });
    const { act } = await consoleWith([], denied);
    const answer = await act({ action: 'cancel', request: 'r1' });
    expect(answer.status).toBe(403);
    expect(await answer.json()).toEqual({
      error: 'The credentials may not do this.',
      lacks: 'sqs:SendMessage on the input queue',
    });
  });
});
