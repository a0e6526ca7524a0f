import { describe, expect, it } from 'vitest';
import { ResultsQueueError } from '../../../src/core/request/result.ts';
import { createWorld, messageOf, requestBody } from '../../fixtures/ingestion-world.ts';

const QUEUES = { results_queues: ['chat', 'nightly'] };
/** Refused, but its envelope is usable. */
const refused = (results: unknown) => ({ ...requestBody({ request_id: 'r1', results }), priority: 9 });

describe('where a result goes', () => {
  it('the record keeps it', async () => {
    const world = createWorld(undefined, QUEUES);
    await world.ingest(
      messageOf(requestBody({ request_id: 'shared' }), { id: 'm1' }),
      messageOf(requestBody({ request_id: 'own', results: 'nightly' }), { id: 'm2' }),
      messageOf(requestBody({ request_id: 'table', results: 'record' }), { id: 'm3' }),
    );
    const byId = Object.fromEntries(world.requests().map(({ request_id, results }) => [request_id, results]));
    expect(byId).toEqual({ shared: undefined, own: 'nightly', table: 'record' });
  });

  it('a queue that does not exist is refused by name, in the shared queue', async () => {
    const world = createWorld(undefined, QUEUES);
    await world.ingest(messageOf(requestBody({ request_id: 'r1', results: 'weekly' })));
    expect(world.cloud.sent).toMatchObject([
      {
        request_id: 'r1',
        status: 'REJECTED',
        error: { message: 'results: must be record (or a results queue: chat, nightly), got weekly' },
      },
    ]);
    expect(world.cloud.destinations).toEqual([undefined]);
  });

  it.each([
    ['nightly', ['nightly']],
    ['record', []],
    [undefined, [undefined]],
    ['Not a name!', [undefined]],
  ])('a rejection follows results %j as far as it is usable', async (results, destinations) => {
    const world = createWorld(undefined, QUEUES);
    await world.ingest(messageOf(refused(results), { id: 'm1' }));
    expect(world.cloud.destinations).toEqual(destinations);
    const [record] = world.records();
    expect(record).toMatchObject({ request_id: 'rejected/m1', result_id: 'r1', status: 'REJECTED' });
    expect(record?.due_key).toBeUndefined();
    expect(record?.expires_at).toBeGreaterThan(0);
  });

  it('a pointer tells where its refusal goes', async () => {
    const world = createWorld(undefined, QUEUES);
    const s3 = { bucket: 'calls', key: 'inbox/none' };
    await world.ingest(messageOf({ s3, results: 'chat' }));
    expect(world.cloud.destinations).toEqual(['chat']);
  });

  it('another destination is other content', async () => {
    const world = createWorld(undefined, QUEUES);
    const send = (id: string, results?: string) =>
      world.ingest(messageOf(requestBody({ request_id: 'r1', results }), { id }));
    await send('m1', 'record');
    await send('m2', 'record');
    await send('m3', 'nightly');
    expect(world.records().map(({ request_id }) => request_id)).toEqual(['r1', 'rejected/m3']);
    expect(world.cloud.sent).toMatchObject([{ request_id: 'm3', error: { type: 'RequestIdConflict' } }]);
  });

  it('a queue that has gone meanwhile holds up one result, not the message', async () => {
    const world = createWorld(
      (ports) => ({
        ...ports,
        results: { send: async (_, queue = '') => Promise.reject(new ResultsQueueError(queue)) },
      }),
      QUEUES,
    );
    expect(await world.ingest(messageOf(refused('nightly')))).toEqual([]);
    const [record] = world.records();
    expect(record).toMatchObject({ status: 'REJECTED', due_at: world.clock.now() + 300_000 });
    expect(world.logged.map(({ event }) => event)).toContain('result.undeliverable');
  });
});
