import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  type Smoother,
  SmootherUsageError,
  SubmitManyError,
  type SubmitRequest,
} from '../../src/client/index.ts';
import { MessageRefusedError } from '../../src/client/sender.ts';
import { StackStub } from './stack-stub.ts';

const converse = { messages: [{ role: 'user' as const, content: [{ text: 'hi' }] }] };
const request = (requestId: string): SubmitRequest => ({
  requestId,
  modelId: 'us.amazon.nova-lite-v1:0',
  converse,
});

let stack: StackStub;
let smoother: Smoother;
beforeEach(async () => {
  stack = new StackStub();
  smoother = await stack.start();
});
afterEach(() => stack.stop());

const idsSent = () => stack.sent.map((body) => JSON.parse(body).request_id).sort();

async function failureOf(sending: Promise<unknown>): Promise<SubmitManyError> {
  const error = await sending.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(SubmitManyError);
  return error as SubmitManyError;
}

it('gives handles in the order of the requests, and tells of each', async () => {
  const ids = Array.from({ length: 25 }, (_, index) => `r${index}`);
  const told: number[] = [];
  const handles = await smoother.submitMany(ids.map(request), { onProgress: ({ sent }) => told.push(sent) });
  expect(handles.map(({ requestId }) => requestId)).toEqual(ids);
  expect(told).toEqual(ids.map((_, index) => index + 1));
});

it('tells of a request as soon as the queue has it, while the next one is still to come', async () => {
  let tell = () => {};
  const told = new Promise<void>((resolve) => {
    tell = resolve;
  });
  async function* requests() {
    yield request('first');
    await told;
    yield request('second');
  }
  const handles = await smoother.submitMany(requests(), { onProgress: () => tell() });
  expect(handles.map(({ requestId }) => requestId)).toEqual(['first', 'second']);
});

it('stops at a request that cannot be sent, and gives the handles of those that were', async () => {
  const read: string[] = [];
  function* requests() {
    for (const id of ['a', 'b', 'wrong', 'c']) {
      read.push(id);
      yield id === 'wrong' ? { ...request(id), converse: undefined } : request(id);
    }
  }
  const told: string[] = [];
  const onProgress = ({ handle }: { handle: { requestId: string } }) => told.push(handle.requestId);
  const error = await failureOf(smoother.submitMany(requests(), { onProgress }));
  expect(error.cause).toBeInstanceOf(SmootherUsageError);
  expect(error.message).toContain('Stopped after 2 requests were sent: wrong: exactly one of converse and');
  expect(error.handles.map(({ requestId }) => requestId)).toEqual(['a', 'b']);
  expect([read, told, idsSent()]).toEqual([
    ['a', 'b', 'wrong'],
    ['a', 'b'],
    ['a', 'b'],
  ]);
});

it('stops at a request that the queue does not take, and not only when many wait', async () => {
  stack.refuses = (body) => JSON.parse(body).request_id === 'r1';
  let read = 0;
  async function* requests() {
    for (; ; read += 1) {
      yield request(`r${read}`);
      // Each is sent by itself, so that the answer about r1 comes long before the end.
      while (read !== 1 && !idsSent().includes(`r${read}`)) await new Promise(setImmediate);
    }
  }
  const error = await failureOf(smoother.submitMany(requests()));
  expect(error.cause).toBeInstanceOf(MessageRefusedError);
  expect(error.handles.map(({ requestId }) => requestId).sort()).toEqual(idsSent());
  expect(read).toBeLessThan(100);
});

it('reads no further request once one is refused of as many as wait at once', async () => {
  stack.refuses = (body) => JSON.parse(body).request_id === 'r0';
  let read = 0;
  function* requests() {
    for (; ; read += 1) yield request(`r${read}`);
  }
  const error = await failureOf(smoother.submitMany(requests()));
  expect(read).toBeGreaterThan(1);
  expect(error.handles).toHaveLength(read);
});

it('gives the handles too when its signal aborts, or the iterable throws', async () => {
  const enough = new Error('enough');
  async function* requests(end: () => void) {
    yield request('a');
    end();
    yield request('b');
  }
  const abort = new AbortController();
  const { signal } = abort;
  const thrown = requests(() => {
    throw enough;
  });
  const aborted = requests(() => abort.abort(enough));
  for (const ending of [thrown, aborted]) {
    const error = await failureOf(smoother.submitMany(ending, { signal }));
    expect(error.cause).toBe(enough);
    expect(error.handles).toMatchObject([{ requestId: 'a' }]);
    expect(error.message).toBe('Stopped after 1 request was sent: enough');
  }
});

it('ends when its signal aborts while the next request is waited for', async () => {
  const enough = new Error('enough');
  const abort = new AbortController();
  let ended = false;
  async function* requests() {
    try {
      yield request('a');
      await new Promise(() => setImmediate(() => abort.abort(enough)));
    } finally {
      ended = true;
    }
  }
  const error = await failureOf(smoother.submitMany(requests(), { signal: abort.signal }));
  expect(error.cause).toBe(enough);
  expect(error.handles).toMatchObject([{ requestId: 'a' }]);
  expect(ended).toBe(false);
});

it('ends its source when it stops before the end', async () => {
  let ended = false;
  async function* requests() {
    try {
      yield request('a');
      yield { ...request('b'), wrong: 1 } as SubmitRequest;
      yield request('b');
    } finally {
      ended = true;
    }
  }
  await failureOf(smoother.submitMany(requests()));
  expect(ended).toBe(true);
});
