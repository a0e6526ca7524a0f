import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ReaderPorts, RecordReader } from '../../src/client/reader.ts';
import { messageOf, type SubmitRequest } from '../../src/client/requests.ts';
import { MessageRefusedError, Sender, type SenderPorts } from '../../src/client/sender.ts';
import type { StoredRecord } from '../../src/core/request/record.ts';
import { createWorld, messageOf as received } from '../fixtures/ingestion-world.ts';
import { waitingRecord } from '../fixtures/records.ts';

const MODEL = 'anthropic.claude-3-haiku-20240307-v1:0';

describe('the content hash of a request', () => {
  const text = fc.string({ minLength: 1, maxLength: 20 }).filter((it) => /\S/.test(it));
  const request = fc.record(
    {
      requestId: fc.constant('r1'),
      modelId: fc.constant(MODEL),
      priority: fc.constantFrom(1, 2, 3, 4, 5),
      tenant: fc.constantFrom('a', 'b'),
      task: fc.constantFrom('t', 'u'),
      maxWaitSeconds: fc.integer({ min: 1, max: 1_000 }),
      acceptTruncated: fc.boolean(),
      metadata: fc.jsonValue({ maxDepth: 2 }),
      results: fc.constantFrom('record', 'nightly'),
      call: fc.oneof(
        text.map((it) => ({ converse: { messages: [{ role: 'user', content: [{ text: it }] }] } })),
        text.map((prompt) => ({ invokeModel: { body: { prompt, max_tokens: 10 } } })),
      ),
    },
    { requiredKeys: ['requestId', 'modelId', 'call'] },
  );

  it('is the one that ingestion finds in the message', async () => {
    await fc.assert(
      fc.asyncProperty(request, async ({ call, ...fields }) => {
        const { body, contentHash } = messageOf({ ...fields, ...call } as SubmitRequest);
        const world = createWorld(undefined, { results_queues: ['nightly'] });
        await world.ingest(received(body));
        const [record] = world.records();
        fc.pre(record?.status !== 'REJECTED');
        expect(record?.content_hash).toBe(contentHash);
      }),
      { numRuns: 60 },
    );
  });
});

/** A clock that only moves when somebody sleeps. */
function sleeper() {
  const clock = {
    time: 0,
    now: () => clock.time,
    async sleep(ms: number) {
      clock.time += ms;
    },
  };
  return clock;
}

describe('one reader for all', () => {
  const watching = (id: string, done: string[]) => ({
    keys: () => [id],
    see: (found: ReadonlyMap<string, StoredRecord>) => {
      if (!found.has(id)) return 100;
      done.push(id);
      return undefined;
    },
    fail: () => void done.push(`${id} failed`),
  });

  it('reads a hundred keys at once, and stops when nobody waits', async () => {
    const clock = sleeper();
    const reads: number[] = [];
    const ports: ReaderPorts = {
      clock,
      async read(keys) {
        reads.push(keys.length);
        return clock.time < 1_000 ? [] : keys.map((key) => waitingRecord(key));
      },
    };
    const reader = new RecordReader(ports);
    const done: string[] = [];
    for (let index = 0; index < 250; index += 1) reader.add(watching(`r${index}`, done), 0);
    while (done.length < 250) await new Promise((resolve) => setImmediate(resolve));
    expect(Math.max(...reads)).toBe(100);
    const count = reads.length;
    await new Promise((resolve) => setImmediate(resolve));
    expect(reads).toHaveLength(count);
  });

  it('tells everybody when reading fails again and again', async () => {
    const reader = new RecordReader({ clock: sleeper(), read: () => Promise.reject(new Error('denied')) });
    const done: string[] = [];
    reader.add(watching('a', done), 0);
    reader.add(watching('b', done), 0);
    while (done.length < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(done).toEqual(['a failed', 'b failed']);
  });
});

describe('the sender', () => {
  function sender(sendBatch: SenderPorts['sendBatch']) {
    const left: string[] = [];
    const leave = async (body: string) => {
      left.push(body);
      return '{"s3":{}}';
    };
    return { sender: new Sender({ sendBatch, leave }), left };
  }

  it('fills batches, and sends again only what was not taken', async () => {
    const batches: number[] = [];
    let failures = 3;
    const { sender: it } = sender(async (bodies) => {
      batches.push(bodies.length);
      return bodies.map((body) => {
        if (body !== 'unlucky' || failures-- <= 0) return { id: body };
        return { code: 'Throttled', message: '', lasting: false };
      });
    });
    const bodies = [...Array.from({ length: 24 }, (_, index) => `m${index}`), 'unlucky'];
    expect(await Promise.all(bodies.map((body) => it.send(body)))).toEqual(bodies);
    expect(batches.slice(0, 3)).toEqual([10, 10, 5]);
  });

  it('gives up on what is refused for good, and on nothing else', async () => {
    const { sender: it } = sender(async (bodies) =>
      bodies.map((body) =>
        body === 'bad' ? { code: 'Invalid', message: 'no', lasting: true } : { id: body },
      ),
    );
    const [good, bad] = await Promise.allSettled([it.send('good'), it.send('bad')]);
    expect(good).toMatchObject({ status: 'fulfilled', value: 'good' });
    expect(bad).toMatchObject({ status: 'rejected', reason: expect.any(MessageRefusedError) });
  });

  it.each([
    ['too large', 'x'.repeat(1_048_577)],
    ['unsendable', '"\uffff"'],
  ])('leaves what is %s in the bucket', async (_, body) => {
    const { sender: it, left } = sender(async (bodies) => bodies.map((id) => ({ id })));
    expect(await it.send(body)).toBe('{"s3":{}}');
    expect(left).toEqual([body]);
  });
});
