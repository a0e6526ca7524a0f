/** Representative inputs, and what each must end with. */
import type { Outcome } from '../request/record.ts';
import type { BedrockLimits, Meeting } from './bedrock.ts';
import { atCall } from './faults.ts';
import type { Expectation } from './invariants.ts';
import { BUCKET, type FunctionName, type Injection, LANE, MODEL, type Pipeline } from './pipeline.ts';

export interface Scenario {
  function: FunctionName;
  name: string;
  /** Which of the function's invocations is the victim, from 0. */
  invocation: number;
  limits?: BedrockLimits;
  /** What happens in any case. */
  before?: () => Injection[];
  prepare(pipeline: Pipeline): Promise<void>;
  expected: Expectation;
  /** Requests of the victim's batch, where relative progress is to be tried. */
  batch?: string[];
}

/** Wide enough that pacing does not spread a batch. */
const WIDE: BedrockLimits = { requestsPerMinute: 60_000, tokensPerMinute: 100_000_000 };

const SCHEDULE_MS = 60_000;
/** A dead leader's lane is free after its lease. */
const LEASE_MS = 10_000;
const RUN_MS = 10_000;
/** A lost release comes back after its lease, by the leader of the next minute at the latest, which may have to wait. */
const WITHIN_MS = 60_000 + SCHEDULE_MS + LEASE_MS + RUN_MS;
const REDELIVERY_MS = 360_000;

export function requestBody(id: string, fields: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    request_id: id,
    model_id: MODEL,
    converse: {
      messages: [{ role: 'user', content: [{ text: id }] }],
      inferenceConfig: { maxTokens: 100 },
    },
    ...fields,
  };
}

function send(pipeline: Pipeline, ...bodies: unknown[]): void {
  for (const body of bodies) pipeline.input.send(typeof body === 'string' ? body : JSON.stringify(body));
}

/** Every request completes with one call, unless said otherwise. */
function expecting(
  ids: readonly string[],
  { outcomes = {}, calls = {}, withinMs = WITHIN_MS }: Partial<Expectation> = {},
): Expectation {
  const completed: Outcome[] = ['COMPLETED'];
  return {
    outcomes: { ...Object.fromEntries(ids.map((id) => [id, completed])), ...outcomes },
    calls: { ...Object.fromEntries(ids.map((id) => [id, 1])), ...calls },
    withinMs,
  };
}

const TEN = Array.from({ length: 10 }, (_, index) => `r${index}`);

/* Ingestion */

interface Messages {
  bodies: unknown[];
  ids?: string[];
  /** Message ids whose result is a rejection. */
  rejected?: string[];
}

const INGESTION: Record<string, Messages> = {
  valid: { bodies: [requestBody('r1')], ids: ['r1'] },
  duplicate: { bodies: [requestBody('r1'), requestBody('r1')], ids: ['r1'] },
  invalid: { bodies: [{ model_id: MODEL, priority: 9 }], rejected: ['input-1'] },
  'not JSON': { bodies: ['{"model_id": '], rejected: ['input-1'] },
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

/** Which of the two is first is the queue's affair: one is accepted, the other refused under its message's id. */
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

async function otherRecord(pipeline: Pipeline) {
  const elsewhere = pipeline.ingestion(pipeline.instance('ingestion'));
  const body = JSON.stringify(requestBody('r1', { priority: 1 }));
  const message = { id: 'earlier', body, sentAt: pipeline.clock.now(), receiveCount: 1 };
  await elsewhere.ingest([message]);
  const record = await pipeline.ports.records.read('r1');
  if (record === undefined) throw new Error('The earlier request was not stored');
  return record;
}

/* Invocation */

const MEETINGS: Record<string, { script: Meeting[]; calls?: number; outcome?: Outcome; withinMs?: number }> =
  {
    'small output': { script: ['small'] },
    'large output': { script: ['large'] },
    'cut answer': { script: ['truncated', 'large'], calls: 2 },
    throttled: { script: ['throttled', 'small'], calls: 2 },
    transient: { script: ['transient', 'small'], calls: 2 },
    validation: { script: ['invalid'], outcome: 'FAILED' },
    denied: { script: ['denied', 'small'], calls: 2 },
  };

function invocation(name: string): Scenario {
  const { script, calls = 1, outcome = 'COMPLETED' } = MEETINGS[name] ?? { script: [] };
  const fields = name === 'cut answer' ? { converse: withoutMaxTokens('r1') } : {};
  return {
    function: 'invocation',
    name,
    invocation: 0,
    limits: WIDE,
    async prepare(pipeline) {
      pipeline.bedrock.script('r1', script);
      send(pipeline, requestBody('r1', fields));
    },
    expected: expecting(['r1'], { outcomes: { r1: [outcome] }, calls: { r1: calls } }),
  };
}

function withoutMaxTokens(id: string) {
  return { messages: [{ role: 'user', content: [{ text: id }] }] };
}

const MISSING_PAYLOAD: Scenario = {
  function: 'invocation',
  name: 'missing payload',
  invocation: 0,
  limits: WIDE,
  async prepare(pipeline) {
    pipeline.payloadsLost.add('r1');
    send(pipeline, requestBody('r1'));
  },
  expected: expecting(['r1'], { outcomes: { r1: ['FAILED'] }, calls: { r1: 0 } }),
};

const MIXED_SCRIPTS: Record<string, Meeting[]> = {
  r1: ['large'],
  r2: ['throttled'],
  r3: ['transient'],
  r4: ['invalid'],
  r5: ['denied'],
  r7: ['large'],
  r8: ['transient', 'throttled'],
};

const MIXED_BUNDLE: Scenario = {
  function: 'invocation',
  name: 'batch of ten',
  invocation: 0,
  limits: WIDE,
  batch: TEN,
  async prepare(pipeline) {
    for (const [id, script] of Object.entries(MIXED_SCRIPTS)) pipeline.bedrock.script(id, script);
    pipeline.payloadsLost.add('r6');
    send(pipeline, ...TEN.map((id) => requestBody(id)));
  },
  expected: expecting(TEN, {
    outcomes: { r4: ['FAILED'], r6: ['FAILED'] },
    calls: { r2: 2, r3: 2, r5: 2, r6: 0, r8: 3 },
    withinMs: WITHIN_MS + SCHEDULE_MS,
  }),
};

/* Prioritization */

const WAITING: Scenario = {
  function: 'prioritization',
  name: 'waiting work',
  invocation: 0,
  limits: WIDE,
  async prepare(pipeline) {
    send(
      pipeline,
      requestBody('r1'),
      requestBody('r2', { priority: 1 }),
      requestBody('r3', { tenant: 'acme' }),
    );
  },
  expected: expecting(['r1', 'r2', 'r3']),
};

const BATCH_WAITING: Scenario = {
  ...WAITING,
  name: 'batch of ten',
  async prepare(pipeline) {
    send(pipeline, ...TEN.map((id) => requestBody(id)));
  },
  expected: expecting(TEN),
};

const EXPIRED: Scenario = {
  ...WAITING,
  name: 'expired deadline',
  async prepare(pipeline) {
    await pipeline.ports.control.setPaused(LANE, true);
    send(pipeline, requestBody('r1', { max_wait_seconds: 2 }));
  },
  expected: expecting(['r1'], { outcomes: { r1: ['EXPIRED'] }, calls: { r1: 0 } }),
};

const OVERSIZED: Scenario = {
  ...WAITING,
  name: 'oversized request',
  limits: { requestsPerMinute: 600, tokensPerMinute: 90 },
  async prepare(pipeline) {
    send(pipeline, requestBody('r1'));
  },
  expected: expecting(['r1'], { outcomes: { r1: ['FAILED'] }, calls: { r1: 0 } }),
};

/** The worker dies when it has claimed the request: the leader of the minute in which the lease ends brings it back. */
const LOST_LEASE: Scenario = {
  ...WAITING,
  name: 'lost lease',
  invocation: 1,
  before: () => [{ function: 'invocation', invocation: 0, fault: atCall(1, 'cut-after') }],
  async prepare(pipeline) {
    send(pipeline, requestBody('r1'));
  },
  expected: expecting(['r1'], { withinMs: WITHIN_MS + SCHEDULE_MS }),
};

/** The worker dies when it has committed the outcome. */
const UNSENT_RESULT: Scenario = {
  ...LOST_LEASE,
  name: 'unsent result',
  invocation: 0,
  before: () => [{ function: 'invocation', invocation: 0, fault: atCall(5, 'cut-before') }],
};

/** Two requests more than fit in a minute. */
const QUOTA_BOUND: Scenario = {
  ...WAITING,
  name: 'full quota',
  limits: { requestsPerMinute: 6, tokensPerMinute: 100_000 },
  async prepare(pipeline) {
    send(pipeline, ...TEN.slice(0, 8).map((id) => requestBody(id)));
  },
  expected: expecting(TEN.slice(0, 8), { withinMs: WITHIN_MS + 2 * SCHEDULE_MS }),
};

/* Reporting */

const CHANGES: Scenario = {
  function: 'reporting',
  name: 'stream batch',
  invocation: 0,
  limits: WIDE,
  async prepare(pipeline) {
    pipeline.bedrock.script('r2', ['invalid']);
    send(
      pipeline,
      requestBody('r1'),
      requestBody('r2', { priority: 1 }),
      requestBody('r3', { tenant: 'acme' }),
      'not JSON',
    );
  },
  expected: expecting(['r1', 'r2', 'r3'], { outcomes: { r2: ['FAILED'], 'input-4': ['REJECTED'] } }),
};

export const SCENARIOS: readonly Scenario[] = [
  ...Object.entries(INGESTION).map(([name, messages]) => ingestion(name, messages)),
  CONFLICT,
  ingestion('batch of ten', MIXED_MESSAGES, [
    ...(MIXED_MESSAGES.ids ?? []),
    ...(MIXED_MESSAGES.rejected ?? []),
  ]),
  WAITING,
  BATCH_WAITING,
  EXPIRED,
  OVERSIZED,
  LOST_LEASE,
  UNSENT_RESULT,
  QUOTA_BOUND,
  ...Object.keys(MEETINGS).map(invocation),
  MISSING_PAYLOAD,
  MIXED_BUNDLE,
  CHANGES,
];
