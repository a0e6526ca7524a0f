import { expect, it } from 'vitest';
import { invokeBatch } from '../../../src/core/invocation/batch.ts';
import { World } from '../../fixtures/invocation-world.ts';

it('a message that cannot be read fails alone', async () => {
  const world = new World();
  const message = await world.release();
  const failed = await invokeBatch(world.ports, [
    { messageId: 'good', body: JSON.stringify(message) },
    { messageId: 'bad', body: '{' },
  ]);
  expect(failed).toEqual(['bad']);
  expect(world.cloud.sent).toHaveLength(1);
});

it('when every message fails, so does the function', async () => {
  const world = new World();
  const message = await world.release();
  world.ports.records = { ...world.ports.records, move: () => Promise.reject(new Error('table down')) };
  await expect(invokeBatch(world.ports, [{ messageId: 'm', body: JSON.stringify(message) }])).rejects.toThrow(
    'table down',
  );
});

it.each([
  ['', 'Unexpected end of JSON input'],
  ['{"v":1,"lane":"a","released_at":1}', 'hold message: releases: missing'],
  [
    '{"v":1,"lane":"a","released_at":1,"releases":[{"request_id":"r1"}]}',
    'hold message: generation: missing',
  ],
  ['[]', 'hold message: v: missing'],
])('refuses a message that is no bundle, and says why: %s', async (body, problem) => {
  await expect(invokeBatch(new World().ports, [{ messageId: 'm', body }])).rejects.toThrow(problem);
});
