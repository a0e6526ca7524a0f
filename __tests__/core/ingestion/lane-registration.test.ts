import { expect, it } from 'vitest';
import { createWorld, LANE, MODEL, messageOf, requestBody } from '../../fixtures/ingestion-world.ts';

const DAY_MS = 24 * 3_600_000;

it('a container registers a lane once a day while requests come', async () => {
  const world = createWorld();
  const { registry } = world.cloud.ports;
  const begun = world.clock.time;
  const registeredAfter = async (ms: number) => {
    world.clock.time = begun + ms;
    await world.ingest(messageOf(requestBody({ request_id: `r${ms}` }), { id: `m${ms}` }));
    return registry.list();
  };
  expect(await registeredAfter(0)).toEqual([{ lane: LANE, model_id: MODEL, registered_at: begun }]);
  expect(await registeredAfter(DAY_MS - 1)).toMatchObject([{ registered_at: begun }]);
  expect(await registeredAfter(DAY_MS)).toMatchObject([{ registered_at: begun + DAY_MS }]);
});
