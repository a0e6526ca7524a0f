import fc from 'fast-check';
import { expect, it } from 'vitest';
import { runWorker, type WorkerPorts } from '../../../src/core/invocation/worker.ts';
import type { Moved, Records } from '../../../src/core/request/ports.ts';
import { aroundCalls, INVOCATION_PORTS } from '../../fixtures/around.ts';
import { World } from '../../fixtures/invocation-world.ts';

/** The same ports, whose every call waits for the scheduler before it takes effect. */
function scheduled(ports: WorkerPorts, scheduler: fc.Scheduler): WorkerPorts {
  return aroundCalls(ports, INVOCATION_PORTS, async (call) => {
    await scheduler.schedule(Promise.resolve());
    return call();
  });
}

/** Calls per request, with two workers that got the same bundle at the same time. */
async function twoWorkers(scheduler: fc.Scheduler, breakClaim: boolean): Promise<World> {
  const world = new World();
  const message = await world.release(['r1', 'r2']);
  if (breakClaim) world.ports.records = unfenced(world);
  const ports = scheduled(world.ports, scheduler);
  const workers = [runWorker(ports, message), runWorker(ports, message)];
  await scheduler.waitFor(Promise.all(workers));
  return world;
}

/** A claim that ignores the record that is there. */
function unfenced(world: World): Records {
  const { records } = world.cloud.ports;
  return {
    ...records,
    move: async (transition): Promise<Moved> => {
      const moved = await records.move(transition);
      return transition.set.status === 'IN_PROGRESS'
        ? { applied: true, record: moved.record ?? (await world.record(transition.request_id)) }
        : moved;
    },
  };
}

it('a bundle delivered twice at once: each request is called once, answered once, reported once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), async (scheduler) => {
      const world = await twoWorkers(scheduler, false);
      expect(world.calls).toHaveLength(2);
      expect(world.cloud.sent.map(({ request_id }) => request_id).sort()).toEqual(['r1', 'r2']);
      expect(await world.counters()).toMatchObject({ ended: 2, settled: 2, bundles_ended: 1 });
    }),
    { numRuns: 150 },
  );
});

it('control: without the condition on the claim, a request is called twice', async () => {
  const found = await fc.check(
    fc.asyncProperty(fc.scheduler(), async (scheduler) => {
      expect((await twoWorkers(scheduler, true)).calls).toHaveLength(2);
    }),
    { numRuns: 20 },
  );
  expect(found.failed).toBe(true);
});
