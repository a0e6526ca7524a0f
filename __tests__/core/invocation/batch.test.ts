import { expect, test } from 'vitest';
import { invokeBatch } from '../../../src/core/invocation/batch.ts';
import { World } from './world.ts';

test('a message that cannot be read fails alone', async () => {
  const world = new World();
  const message = await world.release();
  const failed = await invokeBatch(world.ports, [
    { messageId: 'good', body: JSON.stringify(message) },
    { messageId: 'bad', body: '{' },
  ]);
  expect(failed).toEqual(['bad']);
  expect(world.cloud.sent).toHaveLength(1);
});

test('when every message fails, so does the function', async () => {
  const world = new World();
  const message = await world.release();
  world.ports.records = { ...world.ports.records, move: () => Promise.reject(new Error('table down')) };
  await expect(invokeBatch(world.ports, [{ messageId: 'm', body: JSON.stringify(message) }])).rejects.toThrow(
    'table down',
  );
});
