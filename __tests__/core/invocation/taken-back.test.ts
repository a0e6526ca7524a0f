import { describe, expect, it } from 'vitest';
import { runWorker } from '../../../src/core/invocation/worker.ts';
import { requestCancel } from '../../../src/core/request/transitions.ts';
import { ANSWER, World } from '../../fixtures/invocation-world.ts';

async function takeBack(world: World): Promise<void> {
  await world.cloud.ports.records.move(requestCancel(await world.record(), world.now));
}

function takeBackAtCall(world: World): void {
  const { model } = world.ports;
  const call: typeof model.call = async (made) => {
    await takeBack(world);
    return model.call(made);
  };
  world.ports = { ...world.ports, model: { call } };
}

describe('a request that was taken back after its release', () => {
  it('is not called, and its reservation is given back', async () => {
    const world = new World();
    const bundle = await world.release();
    await takeBack(world);
    await runWorker(world.ports, bundle);
    expect(world.calls).toEqual([]);
    expect(world.cloud.sent).toMatchObject([{ status: 'CANCELLED', attempts: 0 }]);
    expect(world.cloud.sent[0]?.timings.started).toBeUndefined();
    expect(await world.counters()).toMatchObject({ bundles_ended: 1, not_started: 1, reserved: 300 });
    // A second delivery finds nothing to do and reports nothing.
    const before = await world.counters();
    await runWorker(world.ports, bundle);
    expect(await world.counters()).toEqual(before);
  });

  it('gives its answer all the same when the call has been made', async () => {
    const world = new World();
    const bundle = await world.release();
    takeBackAtCall(world);
    await runWorker(world.ports, bundle);
    expect(world.cloud.sent).toMatchObject([
      { status: 'COMPLETED', output: { body: JSON.parse(ANSWER.body) } },
    ]);
  });

  it('ends instead of going back to the backlog', async () => {
    const world = new World();
    const bundle = await world.release();
    world.script = [{ kind: 'throttled', type: 'ThrottlingException', message: 'slow down' }];
    takeBackAtCall(world);
    await runWorker(world.ports, bundle);
    expect(world.cloud.sent).toMatchObject([{ status: 'CANCELLED', attempts: 1 }]);
    expect((await world.record()).backlog_key).toBeUndefined();
  });
});

describe('a result that is read from the record', () => {
  it('is complete with one write, and no message is sent', async () => {
    const world = new World();
    const bundle = await world.release(['r1'], { results: 'record' });
    const moves: string[] = [];
    const { records } = world.ports;
    world.ports = {
      ...world.ports,
      records: {
        ...records,
        move: (transition) => {
          moves.push(String(transition.set.status));
          return records.move(transition);
        },
      },
    };
    await runWorker(world.ports, bundle);
    expect(moves).toEqual(['IN_PROGRESS', 'COMPLETED']);
    expect(world.cloud.sent).toEqual([]);
    const record = await world.record();
    expect(record).toMatchObject({ status: 'COMPLETED', output: { body: JSON.parse(ANSWER.body) } });
    expect(record.expires_at).toBeGreaterThan(0);
    expect(record.due_key).toBeUndefined();
  });
});
