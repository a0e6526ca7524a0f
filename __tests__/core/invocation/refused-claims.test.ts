import { beforeEach, describe, expect, it } from 'vitest';
import { runWorker } from '../../../src/core/invocation/worker.ts';
import { cancelled } from '../../../src/core/request/cancellation.ts';
import type { RequestRecord } from '../../../src/core/request/record.ts';
import { claim, end, withdraw } from '../../../src/core/request/transitions.ts';
import { LANE, RELEASED_AT, World } from '../../fixtures/invocation-world.ts';
import { releaseOf } from '../../fixtures/records.ts';

let world: World;
beforeEach(() => {
  world = new World();
});

describe('a release that its worker cannot claim', () => {
  it.each([
    [
      'has ended before its claim',
      (record: RequestRecord) => end(record, cancelled(record, RELEASED_AT + 100)),
    ],
    [
      'was claimed by another release of the same generation',
      (record: RequestRecord) => claim(releaseOf(record), { released_at: RELEASED_AT - 100 }, RELEASED_AT),
    ],
    ['was withdrawn', (record: RequestRecord) => withdraw(releaseOf(record))],
  ])('is told once as not started, where its request %s', async (_, meanwhile) => {
    const message = await world.release(['r1', 'r2'], { priority: 3 });
    await world.cloud.ports.records.move(meanwhile(await world.record()));
    for (let deliveries = 0; deliveries < 2; deliveries++) await runWorker(world.ports, message);
    expect(world.calls).toHaveLength(1);
    expect(await world.counters()).toMatchObject({
      ended: 2,
      not_started: 1,
      settled: 1,
      reserved: 600,
      bundles_ended: 1,
    });
    expect(world.cloud.leases()).toEqual([]);
  });

  it('is not told at all when its lease is over', async () => {
    const message = await world.release();
    await world.cloud.ports.records.move(withdraw(releaseOf(await world.record())));
    await world.cloud.ports.leases.settle(LANE, message.lease, message.releases);
    await runWorker(world.ports, message);
    expect(await world.counters()).toEqual({});
    expect(await world.record()).toMatchObject({ status: 'RECEIVED', generation: 1 });
  });
});

it('a worker tells whether a first release kept what its request was promised', async () => {
  for (const [id, promised_start_at, generation] of [
    ['kept', RELEASED_AT, 0],
    ['broken', RELEASED_AT - 1, 0],
    ['again', RELEASED_AT, 1],
  ] as const) {
    await runWorker(world.ports, await world.release([id], { promised_start_at, generation }));
  }
  expect(await world.counters()).toMatchObject({ ended: 3, promises_kept: 1, promises_broken: 1 });
});
