import { describe, expect, it } from 'vitest';
import { claim, end, putBack } from '../../../src/core/request/transitions.ts';
import { createWorld, LANE, messageOf, requestBody } from '../../fixtures/ingestion-world.ts';
import { queuedBefore, releaseOf, requestIn } from '../../fixtures/records.ts';

const BODY = requestBody({ request_id: 'r1', metadata: { order: 7 } });
const CANCEL = { cancel: 'r1' };

async function worldWith(...steps: ('queue' | 'claim' | 'complete')[]) {
  const world = createWorld();
  const { records } = world.cloud.ports;
  await world.ingest(messageOf(BODY, { id: 'm1' }));
  for (const step of steps) {
    const record = requestIn(await records.read('r1'));
    if (step === 'queue') await records.move(queuedBefore(record, 1));
    if (step === 'claim') await records.move(claim(releaseOf(record), { released_at: 1 }, 3));
    if (step === 'complete')
      await records.move(end(record, { status: 'COMPLETED', finishedAt: world.clock.now() }));
  }
  return world;
}

describe('a cancel message', () => {
  it('ends a request that waits, once', async () => {
    const world = await worldWith();
    await world.ingest(messageOf(CANCEL, { id: 'm2' }));
    await world.ingest(messageOf(CANCEL, { id: 'm3' }), messageOf(BODY, { id: 'm1', receiveCount: 2 }));
    expect(world.cloud.sent).toMatchObject([
      {
        request_id: 'r1',
        status: 'CANCELLED',
        attempts: 0,
        error: { type: 'Cancelled' },
        metadata: { order: 7 },
      },
    ]);
    expect(world.cloud.sent[0]?.timings.started).toBeUndefined();
    expect(world.records()).toMatchObject([{ status: 'CANCELLED', result_sent: true }]);
    expect(world.requests()[0]?.backlog_key).toBeUndefined();
  });

  it('gives the answer that was cut to a request that waits to run again', async () => {
    const world = await worldWith('claim');
    const { records } = world.cloud.ports;
    const cut = { started_at: 3, output: { body: { text: 'cut' } }, truncated_at: 10, charged_tokens: 20 };
    await records.move(putBack(requestIn(await records.read('r1')), { attempts: 1, cut }));
    await world.ingest(messageOf(CANCEL, { id: 'm2' }));
    expect(world.cloud.sent).toMatchObject([
      { status: 'COMPLETED', attempts: 1, output: cut.output, truncated_at: 10 },
    ]);
  });

  it.each([
    ['is running', ['claim']],
    ['has been released by a leader of an earlier release of the smoother', ['queue']],
  ] as const)('marks a request that %s', async (_, steps) => {
    const world = await worldWith(...steps);
    const { status } = requestIn(await world.cloud.ports.records.read('r1'));
    await world.ingest(messageOf(CANCEL, { id: 'm2' }));
    expect(world.records()).toMatchObject([{ status, cancel_requested_at: world.clock.now() }]);
    expect(world.cloud.sent).toEqual([]);
  });

  it('does nothing after the outcome', async () => {
    const world = await worldWith('claim', 'complete');
    const [before] = world.records();
    await world.ingest(messageOf(CANCEL, { id: 'm2' }));
    expect(world.records()).toEqual([before]);
  });

  it('that comes first ends its request when it comes, with all that the request says', async () => {
    const world = createWorld();
    await world.ingest(messageOf(CANCEL, { id: 'm2' }));
    await world.ingest(messageOf(BODY, { id: 'm1' }));
    expect(world.cloud.sent).toMatchObject([
      { request_id: 'r1', status: 'CANCELLED', metadata: { order: 7 } },
    ]);
    expect(world.records()).toHaveLength(1);
  });

  it.each([{}, { max_wait_seconds: 600 }])(
    'that came first is void after an hour, for one with %j',
    async (fields) => {
      const world = createWorld();
      await world.ingest(messageOf(CANCEL, { id: 'm2' }));
      world.clock.time += 3_601_000;
      expect(await world.ingest(messageOf({ ...BODY, ...fields }, { id: 'm1' }))).toEqual([]);
      const [record] = world.requests();
      expect(record).toMatchObject({ status: 'RECEIVED', generation: 0 });
      expect(record?.expires_at).toBeUndefined();
      expect(record?.backlog_key).toBeDefined();
      expect(world.cloud.woken).toHaveLength(1);
    },
  );

  it('that comes first once more is void an hour later', async () => {
    const world = createWorld();
    await world.ingest(messageOf(CANCEL, { id: 'm2' }));
    world.clock.time += 3_000_000;
    await world.ingest(messageOf(CANCEL, { id: 'm3' }));
    world.clock.time += 1_200_000;
    await world.ingest(messageOf(BODY, { id: 'm1' }));
    expect(world.cloud.sent).toMatchObject([{ request_id: 'r1', status: 'CANCELLED' }]);
  });

  it('counts again when an earlier one is void', async () => {
    const world = createWorld();
    await world.ingest(messageOf(CANCEL, { id: 'm2' }));
    world.clock.time += 3_601_000;
    await world.ingest(messageOf(CANCEL, { id: 'm3' }));
    await world.ingest(messageOf(BODY, { id: 'm1' }));
    expect(world.cloud.sent).toMatchObject([{ request_id: 'r1', status: 'CANCELLED' }]);
  });

  it('that is void keeps no request from being refused', async () => {
    const world = createWorld();
    await world.ingest(messageOf(CANCEL, { id: 'm2' }));
    world.clock.time += 3_601_000;
    world.cloud.lanes.set(LANE, { token: 1, limits: { tokens_per_minute: 1_000 } });
    const converse = { ...BODY.converse, inferenceConfig: { maxTokens: 1_000 } };
    expect(await world.ingest(messageOf({ ...BODY, converse }, { id: 'm1' }))).toEqual([]);
    expect(world.cloud.sent).toMatchObject([{ status: 'REJECTED', error: { type: 'ExceedsQuota' } }]);
    expect(world.cloud.woken).toEqual([]);
  });

  it.each([[5], [''], ['a/b'], [{ id: 'r1' }]])('of %j is refused', async (id) => {
    const world = createWorld();
    await world.ingest(messageOf({ cancel: id }));
    expect(world.cloud.sent).toMatchObject([
      { status: 'REJECTED', error: { message: expect.stringMatching(/^cancel: must be/) } },
    ]);
  });
});
