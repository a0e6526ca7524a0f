/** Processes that meet, whose calls are tried in every order. */

import { LEASE_MS } from '../../core/prioritization/lane-writes.ts';
import { recoverDue } from '../../core/prioritization/recovery.ts';
import { DUPLICATE_EVENT } from './batch-races.ts';
import type { Meeting } from './bedrock.ts';
import { LANE, MODEL } from './functions.ts';
import type { Instance } from './instance.ts';
import type { Race } from './interleavings.ts';
import type { Expectation } from './invariants.ts';
import { INDEX_LAG_MS } from './pipeline.ts';
import { expecting, requestBody } from './scenario.ts';
import type { Stage } from './stage.ts';

/** The wait for the next scheduled minute, for a lease to end, and for a run. */
const WITHIN_MS = 60_000 + LEASE_MS + 15_000;
/** Longer than any lease of a release. */
const LEASES_OVER_MS = 61_000;

function soon(ids: string[], fields: Partial<Expectation> = {}): Expectation {
  return expecting(ids, { withinMs: WITHIN_MS, ...fields });
}

const DUPLICATE_DELIVERY: Race = {
  name: 'a bundle delivered twice at once',
  function: 'invocation',
  expected: soon(['r1', 'r2']),
  faults: 0,
  async prepare(stage) {
    stage.pipeline.bedrock.script('r2', ['large']);
    await stage.accept('r1', 'r2');
    const bundle = await stage.release();
    for (const name of ['one', 'other']) {
      stage.process(name, 'invocation', (instance) => stage.invoke(instance, bundle));
    }
  },
};

/** A worker with a slow clock commits while a leader takes its release for lost and another worker runs it again. */
function commitAgainstRecovery(meeting: Meeting): Race {
  return {
    name: `commit (${meeting}) against an expired lease`,
    function: 'invocation',
    expected: soon(['r1'], {
      outcomes: { r1: [meeting === 'invalid' ? 'FAILED' : 'COMPLETED'] },
      calls: { r1: 2 },
      withinMs: WITHIN_MS + LEASES_OVER_MS,
    }),
    faults: 1,
    async prepare(stage) {
      stage.pipeline.bedrock.script('r1', [meeting]);
      await stage.accept('r1');
      const bundle = await stage.release();
      const worker = (instance: Instance) => stage.invoke(instance, bundle);
      stage.process('slow worker', 'invocation', worker, { call: 'model.call', times: 1 });
      await stage.pass(LEASES_OVER_MS);
      stage.process('leader and worker', 'prioritization', (instance) => runAgain(stage, instance));
    },
  };
}

/** A bundle reaches its worker after the lease has run out, while a leader brings the request back. */
const LATE_DELIVERY: Race = {
  name: 'a late delivery against an expired lease',
  function: 'invocation',
  expected: soon(['r1'], { withinMs: WITHIN_MS + LEASES_OVER_MS }),
  faults: 0,
  async prepare(stage) {
    await stage.accept('r1');
    const bundle = await stage.release();
    await stage.pass(LEASES_OVER_MS);
    stage.process('late worker', 'invocation', (instance) => stage.invoke(instance, bundle));
    stage.process('leader and worker', 'prioritization', (instance) => runAgain(stage, instance));
  },
};

/** A leader brings back a lost request and releases it, and a worker runs it. */
async function runAgain(stage: Stage, instance: Instance): Promise<void> {
  const leader = stage.leader(instance, await stage.acquire(instance, 'second'));
  await leader.tick();
  await instance.clock.sleep(INDEX_LAG_MS);
  await leader.tick();
  const [, again] = stage.bundles();
  if (again !== undefined) await stage.invoke(instance, again);
}

/** A leader stops at any of its calls, and goes on after another leader has taken the lane. */
const OVERLAPPING_LEADERS: Race = {
  name: 'two leaders, the lease running out at any moment',
  function: 'prioritization',
  expected: soon(['r1', 'r2'], { withinMs: WITHIN_MS + LEASES_OVER_MS }),
  faults: 0,
  async prepare(stage) {
    await stage.accept('r1', 'r2');
    const first = stage.pipeline.functions.instance('prioritization');
    const led = await stage.acquire(first, 'first');
    stage.process('first', first, () => stage.leader(first, led).tick());
    stage.jump(LEASE_MS + 1);
    stage.process('second', 'prioritization', async (instance) => {
      const taken = await stage.tryAcquire(instance, 'second');
      if (taken !== undefined) await stage.leader(instance, taken).tick();
    });
  },
};

/** A leader finds nothing and goes to sleep while ingestion accepts a request. `known`: the lane is registered. */
function sleepAgainstArrival(known: boolean): Race {
  return {
    name: `a leader goes to sleep while a request arrives in a ${known ? 'known' : 'new'} lane`,
    function: 'ingestion',
    expected: soon(['r1']),
    faults: 0,
    async prepare(stage) {
      const { pipeline } = stage;
      if (known) await pipeline.ports.registry.register(LANE, MODEL, pipeline.clock.now());
      stage.process('leader', 'prioritization', async (instance) => {
        const lanes = await pipeline.functions.prioritizationPorts(instance).registry.list();
        if (lanes.length === 0) return;
        const led = await stage.acquire(instance, 'first');
        await stage.leader(instance, led).lead(pipeline.clock.now() + 2_000);
      });
      stage.process('ingestion', 'ingestion', (instance) => stage.ingest(instance, 'm1', requestBody('r1')));
    },
  };
}

/** The last request of a queue is throttled and comes back just as a leader is about to forget the queue. */
const RETURN_AGAINST_FORGETTING: Race = {
  name: 'a request returns while its queue is forgotten',
  function: 'prioritization',
  expected: soon(['r1'], { calls: { r1: 2 } }),
  faults: 0,
  async prepare(stage) {
    stage.pipeline.bedrock.script('r1', ['throttled']);
    await stage.accept('r1');
    await stage.pass(10_000);
    const bundle = await stage.release();
    const worker = (instance: Instance) => stage.invoke(instance, bundle);
    stage.process('worker', 'invocation', worker, { call: 'model.call', times: 1 });
    const instance = stage.pipeline.functions.instance('prioritization');
    const leader = stage.leader(instance, await stage.acquire(instance, 'second'));
    await leader.tick();
    await stage.pass(5_000);
    stage.process('leader', instance, async () => {
      await leader.tick();
      await instance.clock.sleep(1_000);
      await leader.tick();
    });
  },
};

/** The same message arrives in two batches at once. */
const DUPLICATE_MESSAGES: Race = {
  name: 'a message delivered twice at once',
  function: 'ingestion',
  expected: soon(['r1']),
  faults: 0,
  async prepare(stage) {
    for (const name of ['one', 'other']) {
      stage.process(name, 'ingestion', (instance) => stage.ingest(instance, 'm1', requestBody('r1')));
    }
  },
};

/** A rejected message arrives in two batches at once: whichever comes first, there is one answer. */
const DUPLICATE_REJECTIONS: Race = {
  ...DUPLICATE_MESSAGES,
  name: 'an invalid message delivered twice at once',
  expected: soon([], { outcomes: { m1: ['REJECTED'] } }),
  faults: 1,
  async prepare(stage) {
    for (const name of ['one', 'other']) {
      stage.process(name, 'ingestion', (instance) => stage.ingest(instance, 'm1', { model_id: MODEL }));
    }
  },
};

/** A slow worker sends its result while two leaders find that it has not been sent. */
const UNSENT_RESULT: Race = {
  name: 'a result sent by its worker and by two leaders',
  function: 'prioritization',
  expected: soon(['r1'], { withinMs: WITHIN_MS + LEASES_OVER_MS }),
  faults: 2,
  async prepare(stage) {
    await stage.accept('r1');
    const bundle = await stage.release();
    const worker = (instance: Instance) => stage.invoke(instance, bundle);
    stage.process('slow worker', 'invocation', worker, { call: 'records.move', times: 2 });
    await stage.pass(LEASES_OVER_MS);
    for (const name of ['leader', 'other leader']) {
      stage.process(name, 'prioritization', (instance) =>
        recoverDue(stage.pipeline.functions.prioritizationPorts(instance), LANE),
      );
    }
  },
};

/** A request is taken back while a worker has its release; `meeting`: what its call meets. */
function cancelAgainstWorker(meeting: Meeting): Race {
  return {
    name: `a cancel message against a worker (${meeting})`,
    function: 'invocation',
    expected: soon([], {
      outcomes: { r1: ['CANCELLED', ...(meeting === 'throttled' ? [] : (['COMPLETED'] as const))] },
    }),
    faults: 0,
    async prepare(stage) {
      stage.pipeline.bedrock.script('r1', [meeting]);
      await stage.accept('r1');
      const bundle = await stage.release();
      stage.process('worker', 'invocation', (instance) => stage.invoke(instance, bundle));
      stage.process('cancel', 'ingestion', (instance) => stage.ingest(instance, 'm2', { cancel: 'r1' }));
    },
  };
}

const CANCEL_AGAINST_RELEASE: Race = {
  name: 'a cancel message against a release',
  function: 'prioritization',
  expected: soon([], { outcomes: { r1: ['CANCELLED'], r2: ['COMPLETED'] }, calls: { r1: 0, r2: 1 } }),
  faults: 0,
  async prepare(stage) {
    await stage.accept('r1', 'r2');
    const leader = stage.pipeline.functions.instance('prioritization');
    const led = await stage.acquire(leader, 'first');
    stage.process('leader', leader, () => stage.leader(leader, led).tick());
    stage.process('cancel', 'ingestion', (instance) => stage.ingest(instance, 'm3', { cancel: 'r1' }));
  },
};

/** SQS keeps no order: the cancel message may come first. */
const CANCEL_AGAINST_ARRIVAL: Race = {
  name: 'a cancel message, delivered twice, against its request',
  function: 'ingestion',
  expected: soon([], { outcomes: { r1: ['CANCELLED'] }, calls: { r1: 0 } }),
  faults: 0,
  async prepare(stage) {
    stage.process('request', 'ingestion', (instance) => stage.ingest(instance, 'm1', requestBody('r1')));
    for (const name of ['cancel', 'cancel again']) {
      stage.process(name, 'ingestion', (instance) => stage.ingest(instance, 'm2', { cancel: 'r1' }));
    }
  },
};

export const RACES: readonly Race[] = [
  DUPLICATE_MESSAGES,
  DUPLICATE_REJECTIONS,
  CANCEL_AGAINST_ARRIVAL,
  CANCEL_AGAINST_RELEASE,
  cancelAgainstWorker('small'),
  cancelAgainstWorker('throttled'),
  sleepAgainstArrival(true),
  sleepAgainstArrival(false),
  OVERLAPPING_LEADERS,
  RETURN_AGAINST_FORGETTING,
  UNSENT_RESULT,
  DUPLICATE_DELIVERY,
  LATE_DELIVERY,
  DUPLICATE_EVENT,
  ...(['small', 'large', 'throttled', 'transient', 'invalid'] as const).map(commitAgainstRecovery),
];
