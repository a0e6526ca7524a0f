import { describe, expect, it } from 'vitest';
import { runWorker } from '../../../src/core/invocation/worker.ts';
import { requestCancel } from '../../../src/core/request/transitions.ts';
import { ANSWER, World } from '../../fixtures/invocation-world.ts';
import { GRANT } from '../../fixtures/records.ts';

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
    expect(world.cloud.sent).toMatchObject([
      {
        status: 'CANCELLED',
        attempts: 0,
        error: { message: expect.stringContaining('before its call was made') },
      },
    ]);
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

  it.each([8, 20_000])('gives its answer also when that was cut, of %i bytes', async (bytes) => {
    const world = new World();
    const bundle = await world.release();
    const body = JSON.stringify({ text: 'x'.repeat(bytes) });
    world.script = [{ ...ANSWER, body, stopReason: 'max_tokens' }];
    takeBackAtCall(world);
    await runWorker(world.ports, bundle);
    const { granted_max_tokens: truncated_at } = GRANT;
    expect(world.cloud.sent).toMatchObject([{ status: 'COMPLETED', attempts: 1, truncated_at }]);
    const { output } = world.cloud.sent[0] ?? {};
    const kept =
      output && 'key' in output
        ? Buffer.from(await world.cloud.ports.payloads.get(output.key)).toString()
        : JSON.stringify(output?.body);
    expect(kept).toBe(body);
    // No log line contains it.
    expect(JSON.stringify(world.events)).not.toContain('xxx');
  });

  it('gives the cut answer when the rerun gives none', async () => {
    const world = new World();
    const cut = { started_at: 5, output: { body: { text: 'cut' } }, truncated_at: 10, charged_tokens: 20 };
    const rerun = { charged_tokens: 50 };
    const before = { ...cut, rerun: { charged_tokens: 30 } };
    const bundle = await world.release(['r1'], { attempts: 2, full_allowance: true, rerun, cut: before });
    world.script = [{ kind: 'invalid', type: 'ValidationException', message: 'Too long' }];
    await runWorker(world.ports, bundle);
    expect(world.cloud.sent).toMatchObject([
      { status: 'COMPLETED', attempts: 3, output: cut.output, truncated_at: 10, timings: { started: 5 } },
    ]);
    expect(world.cloud.sent[0]?.error).toBeUndefined();
    expect(await world.record()).toMatchObject({ charged_tokens: 20, rerun: { charged_tokens: 30 } });
    expect(world.events).toContainEqual({
      event: 'request.completed',
      fields: expect.objectContaining({ error: 'ValidationException' }),
    });
  });

  it('ends instead of going back to the backlog', async () => {
    const world = new World();
    const bundle = await world.release();
    world.script = [{ kind: 'throttled', type: 'ThrottlingException', message: 'slow down' }];
    takeBackAtCall(world);
    await runWorker(world.ports, bundle);
    expect(world.cloud.sent).toMatchObject([
      {
        status: 'CANCELLED',
        attempts: 1,
        error: { message: expect.stringContaining('after 1 call without an answer') },
      },
    ]);
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
