import { describe, expect, it } from 'vitest';
import type { IngestionPorts } from '../../../src/core/ingestion/ingestion.ts';
import { aroundCalls } from '../../fixtures/around.ts';
import { createWorld, LANE, messageOf, requestBody } from '../../fixtures/ingestion-world.ts';
import { requestIn } from '../../fixtures/records.ts';

const PORTS = ['records', 'payloads', 'inbox', 'results', 'directory', 'registry', 'watch', 'waker'] as const;

class CrashError extends Error {}

/** Fails the n-th call over all ports, before or after it took effect, and every one after it. */
function crashingAt(n: number, effect: 'before' | 'after') {
  const counter = { calls: 0, crashed: false };
  const wrap = (ports: IngestionPorts): IngestionPorts =>
    aroundCalls(ports, PORTS, async (call) => {
      if (counter.crashed) throw new CrashError();
      counter.calls += 1;
      const crashes = counter.calls === n;
      counter.crashed = crashes;
      if (crashes && effect === 'before') throw new CrashError();
      const result = await call();
      if (crashes) throw new CrashError();
      return result;
    });
  return { counter, wrap };
}

const CASES = {
  'a valid message': { body: requestBody({ request_id: 'r1' }), results: 0 },
  'an invalid message': { body: 'not json', results: 1 },
  'a pointer': { body: { s3: { bucket: 'calls', key: 'inbox/a' } }, results: 0 },
};

async function deliver(body: unknown, n: number, effect: 'before' | 'after') {
  const { counter, wrap } = crashingAt(n, effect);
  const world = createWorld(wrap);
  world.cloud.bucket.leave('inbox/a', JSON.stringify(requestBody({ request_id: 'r1' })));
  const first = await world.container().ingest([messageOf(body)]);
  const { crashed } = counter;
  counter.crashed = false;
  counter.calls = Number.NEGATIVE_INFINITY;
  const second = crashed ? await world.container().ingest([messageOf(body, { receiveCount: 2 })]) : [];
  return { world, crashed, first, second };
}

describe.each(Object.entries(CASES))('%s', (_, { body, results }) => {
  it.each(['before', 'after'] as const)('survives a crash %s any call', async (effect) => {
    let crashes = 0;
    for (let n = 1; ; n += 1) {
      const { world, crashed, first, second } = await deliver(body, n, effect);
      if (!crashed) break;
      crashes += 1;
      expect(first, `call ${n}`).toEqual(['m1']);
      expect(second, `call ${n}`).toEqual([]);
      expect(world.records(), `call ${n}`).toHaveLength(1);
      const [record] = world.records();
      const sent = world.cloud.sent.map((result) => JSON.stringify(result));
      expect(new Set(sent).size, `call ${n}`).toBe(results);
      if (results > 0) {
        expect(record, `call ${n}`).toMatchObject({ status: 'REJECTED', result_sent: true });
      } else {
        expect(record, `call ${n}`).toMatchObject({ request_id: 'r1', status: 'RECEIVED' });
        const [entry] = await world.cloud.ports.directory.list(LANE);
        expect(entry?.backlog_key, `call ${n}`).toBe(requestIn(record).backlog_key);
        await world.cloud.ports.payloads.get(requestIn(record).payload_key);
      }
    }
    expect(crashes).toBeGreaterThanOrEqual(3);
  });
});

describe('one failing message', () => {
  it('fails alone', async () => {
    const world = createWorld((ports) => ({
      ...ports,
      payloads: {
        ...ports.payloads,
        put: (key, payload) =>
          String(payload).includes('unlucky')
            ? Promise.reject(new CrashError('no'))
            : ports.payloads.put(key, payload),
      },
    }));
    const failed = await world.ingest(
      messageOf(requestBody(), { id: 'a' }),
      messageOf(requestBody({}, 'unlucky'), { id: 'b' }),
      messageOf('not json', { id: 'c' }),
    );
    expect(failed).toEqual(['b']);
    expect(
      world
        .records()
        .map(({ request_id }) => request_id)
        .sort(),
    ).toEqual(['a', 'rejected/c']);
    expect(world.logged).toContainEqual({
      event: 'ingestion.failed',
      fields: { message_id: 'b', error: 'Error', reason: 'no' },
    });
  });
});
