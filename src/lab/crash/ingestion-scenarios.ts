/** Representative inputs of ingestion. */

import { BUCKET, LANE, MODEL, QUEUE } from './functions.ts';
import type { Pipeline } from './pipeline.ts';
import {
  expecting,
  REDELIVERY_MS,
  RUN_MS,
  requestBody,
  SCHEDULE_MS,
  type Scenario,
  send,
  WIDE,
} from './scenario.ts';

interface Messages {
  bodies: unknown[];
  ids?: string[];
  /** Ids of the messages whose result is a rejection. */
  rejected?: string[];
}

const INGESTION: Record<string, Messages> = {
  valid: { bodies: [requestBody('r1')], ids: ['r1'] },
  duplicate: { bodies: [requestBody('r1'), requestBody('r1')], ids: ['r1'] },
  invalid: { bodies: [{ model_id: MODEL, priority: 9 }], rejected: ['input-1'] },
  'not JSON': { bodies: ['{"model_id": '], rejected: ['input-1'] },
  'result in the record': { bodies: [requestBody('r1', { results: 'record' })], ids: ['r1'] },
  'result in a queue of its own': { bodies: [requestBody('r1', { results: QUEUE })], ids: ['r1'] },
  'rejection in the record': {
    bodies: [{ model_id: MODEL, priority: 9, results: 'record' }],
    rejected: ['input-1'],
  },
  'rejection of an unknown queue': { bodies: [requestBody('r1', { results: 'another' })], rejected: ['r1'] },
  pointer: { bodies: [{ s3: { bucket: BUCKET, key: 'inbox/large' } }], ids: ['large'] },
  'dangling pointer': { bodies: [{ s3: { bucket: BUCKET, key: 'inbox/none' } }], rejected: ['input-1'] },
};

const MIXED_MESSAGES: Messages = {
  bodies: [
    requestBody('r1'),
    requestBody('r1'),
    requestBody('r2', { priority: 1 }),
    requestBody('r3', { tenant: 'acme' }),
    { model_id: MODEL, priority: 9 },
    'not JSON',
    { s3: { bucket: BUCKET, key: 'inbox/large' } },
    requestBody('r4', { max_wait_seconds: 3_600 }),
    { s3: { bucket: 'another', key: 'inbox/large' } },
    requestBody('r5', { priority: 5 }),
  ],
  ids: ['r1', 'r2', 'r3', 'large', 'r4', 'r5'],
  rejected: ['input-5', 'input-6', 'input-9'],
};

function ingestion(name: string, { bodies, ids = [], rejected = [] }: Messages, batch?: string[]): Scenario {
  return {
    function: 'ingestion',
    name,
    invocation: 0,
    limits: WIDE,
    batch,
    async prepare(pipeline) {
      pipeline.cloud.bucket.leave('inbox/large', JSON.stringify(requestBody('large')));
      send(pipeline, ...bodies);
    },
    expected: expecting(ids, {
      outcomes: Object.fromEntries(rejected.map((id) => [id, ['REJECTED']])),
      withinMs: REDELIVERY_MS + SCHEDULE_MS + RUN_MS,
    }),
  };
}

/** Either of the two may come first: one is accepted, the other is rejected under its message id. */
const CONFLICT: Scenario = {
  ...ingestion('conflict', { bodies: [] }),
  async prepare(pipeline) {
    await pipeline.ports.records.create(await otherRecord(pipeline));
    send(pipeline, requestBody('r1', { priority: 2 }));
  },
  expected: expecting(['r1'], {
    outcomes: { 'input-1': ['REJECTED'] },
    withinMs: REDELIVERY_MS + SCHEDULE_MS + RUN_MS,
  }),
};

/** Somebody else's container has handled the message before. */
async function handled(pipeline: Pipeline, message: unknown): Promise<void> {
  const elsewhere = pipeline.functions.ingestion(pipeline.functions.instance('ingestion'));
  const body = JSON.stringify(message);
  await elsewhere.ingest([{ id: 'earlier', body, sentAt: pipeline.clock.now(), receiveCount: 1 }]);
}

/** A cancel message, before or after its request. */
function cancelling(name: string, first: unknown, second: unknown): Scenario {
  return {
    ...ingestion(name, { bodies: [] }),
    async prepare(pipeline) {
      await pipeline.ports.control.setPause(LANE, { by: 'an operator' });
      await handled(pipeline, first);
      send(pipeline, second);
    },
    expected: expecting(['r1'], {
      outcomes: { r1: ['CANCELLED'] },
      calls: { r1: 0 },
      withinMs: REDELIVERY_MS + SCHEDULE_MS + RUN_MS,
    }),
  };
}

const CANCEL = { cancel: 'r1' };

async function otherRecord(pipeline: Pipeline) {
  await handled(pipeline, requestBody('r1', { priority: 1 }));
  const record = await pipeline.ports.records.read('r1');
  if (record === undefined) throw new Error('The earlier request was not stored');
  return record;
}

export const INGESTION_SCENARIOS: readonly Scenario[] = [
  ...Object.entries(INGESTION).map(([name, messages]) => ingestion(name, messages)),
  CONFLICT,
  cancelling('cancel', requestBody('r1'), CANCEL),
  cancelling('cancel, result in the record', requestBody('r1', { results: 'record' }), CANCEL),
  cancelling('cancel before the request', CANCEL, requestBody('r1', { max_wait_seconds: 3_600 })),
  cancelling(
    'cancel before the request, result in the record',
    CANCEL,
    requestBody('r1', { results: 'record' }),
  ),
  ingestion('batch of ten', MIXED_MESSAGES, [
    ...(MIXED_MESSAGES.ids ?? []),
    ...(MIXED_MESSAGES.rejected ?? []),
  ]),
];
