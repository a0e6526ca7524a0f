import { expect, it } from 'vitest';
import { batchIdOf } from '../../../src/core/batch/batch.ts';
import { etagOf } from '../../../src/memory/objects.ts';
import { type BatchWorld, createBatchWorld, records } from '../../fixtures/batch-world.ts';

const KEY = 'batches/x.jsonl';
const CANCEL = 'batches/x.cancel';
const THEN_MS = 5_000;

/** What tells of an object. */
type Left = Awaited<ReturnType<BatchWorld['leave']>>;

/** The cancellation comes after another file has taken the place of the one that it is about. */
async function expectOnlyFirstCancelled(world: BatchWorld, cancel: Left): Promise<void> {
  world.clock.time += THEN_MS;
  await world.drop(KEY, records(5));
  await world.handle(cancel);
  await world.finish();
  await world.deliver();
  expect(world.cloud.batches()).toMatchObject([
    { records: 3, status: 'CANCELLED' },
    { records: 5, status: 'COMPLETED' },
  ]);
}

it('a cancellation that is delivered again does not cancel a file that came since', async () => {
  const world = createBatchWorld();
  await world.drop(KEY, records(3));
  const cancel = await world.leave(CANCEL, '', {});
  await world.handle(cancel);
  await expectOnlyFirstCancelled(world, cancel);
});

it('a cancellation that comes late cancels its batch, although the same content was uploaded again since', async () => {
  const world = createBatchWorld();
  await world.drop(KEY, records(3));
  const cancel = await world.leave(CANCEL, '', {});
  world.clock.time += THEN_MS;
  await world.drop(KEY, records(3));
  await world.handle(cancel);
  await world.deliver();
  expect(world.cloud.batches()).toMatchObject([{ records: 3, status: 'CANCELLED' }]);
});

it('a cancellation that names its batch cancels it, although another file has taken its place since', async () => {
  const world = createBatchWorld();
  await world.drop(KEY, records(3));
  const [batch] = world.cloud.batches();
  const cancel = await world.leave(CANCEL, `${batch?.batch_id}\n`, {});
  await expectOnlyFirstCancelled(world, cancel);
});

it.each([
  [records(3), 'CANCELLED'],
  [records(4), 'WAITING'],
])('a cancellation may name a batch that has not begun, and cancels no other', async (named, status) => {
  const world = createBatchWorld();
  const file = await world.leave(KEY, records(3));
  const batchId = batchIdOf({ key: KEY, etag: etagOf(named) });
  await world.handle(await world.leave(CANCEL, batchId, {}));
  await world.handle(file);
  await world.deliver(3).catch(() => undefined);
  expect(world.cloud.batches()).toMatchObject([{ status }]);
});
