import { expect, it } from 'vitest';
import { createBatchWorld, records } from '../../fixtures/batch-world.ts';

const KEY = 'batches/x.jsonl';
const CANCEL = 'batches/x.cancel';
const THEN_MS = 5_000;

it('a cancellation that is delivered again does not cancel a file that came since', async () => {
  const world = createBatchWorld();
  await world.drop(KEY, records(3));
  const cancel = await world.leave(CANCEL, '', {});
  await world.handle(cancel);
  world.clock.time += THEN_MS;
  await world.drop(KEY, records(5));
  await world.handle(cancel);
  await world.finish();
  await world.deliver();
  expect(world.cloud.batches()).toMatchObject([
    { records: 3, status: 'CANCELLED' },
    { records: 5, status: 'COMPLETED' },
  ]);
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
