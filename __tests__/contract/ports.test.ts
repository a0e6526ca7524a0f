import { afterAll, beforeAll, describe } from 'vitest';
import { startEmbedded, startExternal } from './aws-backend.ts';
import type { Backend } from './backend.ts';
import { startMemory } from './backend.ts';
import { lanesContract } from './lanes.ts';
import { objectsContract, queuesContract } from './objects-and-queues.ts';
import { recordsContract } from './records.ts';

const backends: [name: string, start: () => Promise<Backend>][] = [
  ['memory', startMemory],
  ['embedded emulators', startEmbedded],
];
/** An emulator that runs elsewhere, such as moto. */
const endpoint = process.env.SMOOTHER_TEST_ENDPOINT;
if (endpoint) backends.push(['external emulator', () => startExternal(endpoint)]);

describe.each(backends)('ports on %s', (_name, start) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await start();
  });
  afterAll(() => backend.stop());

  recordsContract(() => backend);
  lanesContract(() => backend);
  objectsContract(() => backend);
  queuesContract(() => backend);
});
