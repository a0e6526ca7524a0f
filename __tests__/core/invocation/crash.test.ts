import { describe, expect, it } from 'vitest';
import { runWorker, type WorkerPorts } from '../../../src/core/invocation/worker.ts';
import { recoverDue } from '../../../src/core/prioritization/recovery.ts';
import { leaseIdUntil } from '../../../src/core/request/bundle-lease.ts';
import { resultOf } from '../../../src/core/request/result.ts';
import { aroundCalls, INVOCATION_PORTS } from '../../fixtures/around.ts';
import { LANE, World } from '../../fixtures/invocation-world.ts';
import { MAX_ATTEMPTS, releaseOf } from '../../fixtures/records.ts';

class Crash extends Error {}

/** A worker that dies around its `at`-th port call (from 0), before or after it took effect; then nothing works. */
function dying(ports: WorkerPorts, at: number, when: 'before' | 'after') {
  const counter = { calls: 0 };
  const dead = () => counter.calls > at;
  const around = async (call: () => Promise<unknown>) => {
    if (dead()) throw new Crash();
    const mine = counter.calls++;
    if (mine < at) return call();
    if (when === 'after') await call();
    throw new Crash();
  };
  return { ports: aroundCalls(ports, INVOCATION_PORTS, around), counter };
}

/** What a leader does until nothing is due any more: sends again, brings back, releases again. */
async function recover(world: World): Promise<void> {
  const leader = {
    ...world.cloud.ports,
    clock: world.ports.clock,
    log: world.ports.log,
    maxAttempts: MAX_ATTEMPTS,
  };
  for (let round = 0; round < 4; round++) {
    world.now += 200_000;
    await recoverDue(leader, LANE);
    const record = await world.record();
    if (record.status !== 'RECEIVED') continue;
    const releases = [releaseOf(record)];
    const lease = leaseIdUntil(world.now + 150_000);
    await world.cloud.ports.leases.write({ lane: LANE, id: lease, released_at: world.now, releases });
    await runWorker(world.ports, { v: 1, lane: LANE, released_at: world.now, releases, lease });
  }
}

const LARGE = { body: JSON.stringify({ text: 'x'.repeat(10_000) }) };
const FAULT = { kind: 'transient', type: 'InternalServerException', message: 'Try again' } as const;

async function portCalls(script: World['script']): Promise<number> {
  const world = new World();
  world.script = [...script];
  const { ports, counter } = dying(world.ports, Number.POSITIVE_INFINITY, 'before');
  await runWorker(ports, await world.release());
  return counter.calls;
}

describe.each([
  ['a large answer', [LARGE], 9],
  ['a fault, then an answer', [FAULT, LARGE], 8],
] as const)('a worker that dies around any of its calls, with %s', (_, script, calls) => {
  it('makes as many calls as are tried here', async () => {
    expect(await portCalls([...script])).toBe(calls);
  });

  const crashes = Array.from({ length: calls }, (__, at) => at).flatMap((at) => [
    [at, 'before'] as const,
    [at, 'after'] as const,
  ]);
  it.each(crashes)(
    'call %i, %s it took effect: one outcome, and all its results are the same',
    async (at, when) => {
      const world = new World();
      world.script = [...script];
      const message = await world.release();
      await expect(runWorker(dying(world.ports, at, when).ports, message)).rejects.toThrow();
      const callsBefore = world.calls.length;
      const committedBefore = (await world.record()).finished_at !== undefined;

      await recover(world);

      const record = await world.record();
      expect(record).toMatchObject({ status: 'COMPLETED' });
      expect(record.due_key).toBeUndefined();
      expect(world.cloud.leases()).toEqual([]);
      expect(world.cloud.sent.length).toBeGreaterThanOrEqual(1);
      expect(world.cloud.sent.length).toBeLessThanOrEqual(2);
      for (const result of world.cloud.sent) expect(result).toEqual(resultOf(record));
      if (committedBefore) expect(world.calls).toHaveLength(callsBefore);
    },
  );
});
