/** What happens to a producer's mistakes: they are named, and nobody else is concerned. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  RequestRejectedError,
  ResultTimeoutError,
  Smoother,
  SmootherUsageError,
  startProxy,
} from '../../src/client/index.ts';
import { messageOf, type SubmitRequest } from '../../src/client/requests.ts';
import { rejectionId } from '../../src/core/request/keys.ts';
import { createWorld, messageOf as received } from '../fixtures/ingestion-world.ts';
import { waitingRecord } from '../fixtures/records.ts';
import { completed, StackStub } from './stack-stub.ts';

const MODEL = 'us.amazon.nova-lite-v1:0';
const converse = { messages: [{ role: 'user' as const, content: [{ text: 'hi' }] }] };
const request: SubmitRequest = { modelId: MODEL, converse };
const asking = (fields: object) => ({ ...request, ...fields }) as SubmitRequest;

let stack: StackStub;
let smoother: Smoother;
beforeAll(async () => {
  stack = new StackStub();
  smoother = await stack.start();
});
afterAll(() => stack.stop());

/** What was thrown, now or later. */
async function errorOf(action: () => unknown): Promise<unknown> {
  try {
    await action();
  } catch (error) {
    return error;
  }
  throw new Error('Nothing was thrown');
}

async function expectUsageError(action: () => unknown, message: RegExp): Promise<void> {
  const error = await errorOf(action);
  expect(error).toBeInstanceOf(SmootherUsageError);
  expect(String(error)).toMatch(message);
}

describe('a bad request id', () => {
  const bad: [string, string][] = [
    ['that is empty', ''],
    ['that is too long', 'a'.repeat(3_000)],
    ['with a slash', 'a/b'],
    ['that only looks like that of a refusal', 'rejected/a/b'],
  ];

  it.each(bad)('%s is refused, and others who wait get their results', async (_, requestId) => {
    const good = smoother.handle(`good-${requestId.length}`);
    const waiting = good.result({ timeoutMs: 20_000 });
    const handle = await smoother.submit(asking({ requestId }));
    const refused = errorOf(() => handle.result({ timeoutMs: 20_000 }));
    expect(await handle.status()).toMatchObject({ state: 'UNKNOWN' });
    const world = createWorld();
    await world.ingest(received(stack.sent.at(-1), { id: handle.messageId ?? '' }));
    const [rejection] = world.records();
    expect(rejection?.request_id).toBe(rejectionId(handle.messageId ?? ''));
    if (rejection !== undefined) stack.put(rejection);
    expect(await refused).toBeInstanceOf(RequestRejectedError);
    stack.put(completed(good.requestId));
    expect(await waiting).toMatchObject({ status: 'COMPLETED' });
    // After a restart the refusal is found by the message's id.
    const again = smoother.handle(requestId, { messageId: handle.messageId });
    expect(await errorOf(() => again.result())).toBeInstanceOf(RequestRejectedError);
    const byMessage = smoother.handle(rejectionId(handle.messageId ?? ''));
    expect(await errorOf(() => byMessage.result())).toBeInstanceOf(RequestRejectedError);
  });

  it.each<[string, unknown]>([...bad, ['that is missing', undefined], ['that is a number', 7]])(
    '%s is named where a request is looked up',
    async (_, id) => {
      const names = /request_id: .*(must be|missing)/;
      await expectUsageError(() => smoother.handle(id as string), names);
      await expectUsageError(() => smoother.known(['fine', id as string]), names);
    },
  );

  it('says what is allowed and what came', async () => {
    const allowed =
      'request_id: must be a letter or digit, then letters, digits and . _ : @ = + -, got "a/b"';
    expect(await errorOf(() => smoother.handle('a/b'))).toMatchObject({ message: allowed });
  });

  it('is not sent in a cancel message: ingestion would refuse the message, and nobody would be told', async () => {
    const handle = await smoother.submit(asking({ requestId: 'a/b' }));
    const { length } = stack.sent;
    await expectUsageError(() => handle.cancel(), /request_id/);
    expect(stack.sent).toHaveLength(length);
  });

  it('is no better as the id of a message', async () => {
    await expectUsageError(
      () => smoother.handle('a', { messageId: 'm'.repeat(3_000) }),
      /messageId: must be/,
    );
  });
});

describe('a request id that another content has', () => {
  it('is not cancelled: that would take back the other request', async () => {
    const handle = await smoother.submit(asking({ requestId: 'taken' }));
    stack.put(waitingRecord('taken'));
    const { length } = stack.sent;
    expect(await handle.cancel()).toBe('already ended');
    expect(stack.sent).toHaveLength(length);
  });
});

describe('a limit of the wait', () => {
  it.each([Number.NaN, -1, '1s', null])('that is %j is refused at once', async (timeoutMs) => {
    const handle = smoother.handle('never');
    const { length } = stack.sent;
    const options = { timeoutMs: timeoutMs as number };
    const names = new RegExp(`timeoutMs: must be a number from 0, got "?${timeoutMs}"?$`);
    await expectUsageError(() => handle.outcome(options), names);
    await expectUsageError(() => handle.result(options), names);
    await expectUsageError(() => handle.cancel(options), names);
    expect(stack.sent).toHaveLength(length);
  });

  it('may be 0: one look', async () => {
    expect(await errorOf(() => smoother.handle('never').outcome({ timeoutMs: 0 }))).toBeInstanceOf(
      ResultTimeoutError,
    );
  });
});

describe('a misspelt option', () => {
  it('of a request is named beside those that there are, and nothing is sent', async () => {
    const { length } = stack.sent;
    const wrong = asking({ request_id: 'a', priorty: 1, max_wait_seconds: 5 });
    await expectUsageError(
      () => smoother.submit(wrong),
      /: request_id, priorty, max_wait_seconds: unknown options; known are priority, tenant, .*requestId/,
    );
    await expectUsageError(() => smoother.submit(asking({ priorty: 1 })), /priorty: unknown option; known/);
    expect(stack.sent).toHaveLength(length);
  });

  it.each<[string, (options: never) => unknown]>([
    ['Smoother', (options) => new Smoother(options)],
    ['bedrock', (options) => smoother.bedrock(options)],
    ['fetch', (options) => smoother.fetch(options)],
    ['calls', (options) => smoother.calls(options)],
    ['submitMany', (options) => smoother.submitMany([], options)],
    ['handle', (options) => smoother.handle('a', options)],
    ['results', (options) => smoother.results(options)],
    ['result', (options) => smoother.handle('a').result(options)],
    ['outcome', (options) => smoother.handle('a').outcome(options)],
    ['cancel', (options) => smoother.handle('a').cancel(options)],
    ['startProxy', (options) => startProxy(smoother.calls(), options)],
  ])('of %s is named', async (_, take) => {
    await expectUsageError(() => take({ prority: 1 } as never), /prority: unknown option; known are \w+/);
  });

  it('is none where all are known', () => {
    const full: Required<Omit<SubmitRequest, 'invokeModel' | 'maxWaitSeconds'>> = {
      ...{ requestId: 'a', modelId: MODEL, converse, priority: 1, tenant: 't', task: 't', results: 'record' },
      ...{ deadline: new Date(0), ifTooLate: 'accept', acceptTruncated: true, metadata: 1 },
    };
    const { deadline, ...timeless } = full;
    expect(JSON.parse(messageOf(full).body)).toMatchObject({ request_id: 'a', priority: 1 });
    expect(JSON.parse(messageOf({ ...timeless, maxWaitSeconds: 5 }).body)).toMatchObject({
      max_wait_seconds: 5,
    });
  });
});

describe('a field of another kind', () => {
  it.each<[object, RegExp]>([
    [{ deadline: new Date('x') }, /deadline: must be a valid Date .*got an invalid Date/],
    [{ converse: null }, /converse: must be an object, got null/],
    [{ converse: 'hi' }, /converse: must be an object, got "hi"/],
    [{ converse: undefined, invokeModel: null }, /invokeModel: must be an object, got null/],
  ])('%o is named', (fields, message) => expectUsageError(() => smoother.submit(asking(fields)), message));
});
