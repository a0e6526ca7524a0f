/** Invocations that work on the same batch at the same time. */
import { BATCH_KEY, leave, METADATA } from './batch-scenarios.ts';
import type { Race } from './interleavings.ts';

/** No line is a record, so one invocation goes through all phases. */
const FILE = 'not JSON\nneither\n';

export const DUPLICATE_EVENT: Race = {
  name: 'the message about a file delivered twice at once',
  function: 'batch',
  expected: {
    outcomes: {},
    calls: {},
    withinMs: 0,
    batch: { status: 'COMPLETED', success: 0, error: 2 },
  },
  // The end may be told by both.
  faults: 1,
  async prepare(stage) {
    const event = await leave(stage.pipeline, BATCH_KEY, FILE, METADATA);
    const { functions } = stage.pipeline;
    for (const id of ['one', 'other']) {
      stage.process(id, 'batch', (instance) => functions.batch(instance).handle([{ id, body: event }]));
    }
  },
};
