/** What a leader can come upon. */
import { atCall } from './faults.ts';
import { LANE } from './functions.ts';
import { NOT_TAKEN_ALONG, TAKEN_ALONG } from './invocation-scenarios.ts';
import {
  expecting,
  requestBody,
  SCHEDULE_MS,
  type Scenario,
  send,
  TEN,
  WIDE,
  WITHIN_MS,
} from './scenario.ts';

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

/** Its second bundle is offered to the worker that runs the first one. */
const ON_OFFER: Scenario = {
  ...TAKEN_ALONG,
  function: 'prioritization',
  name: 'work on offer',
  invocation: 1,
};

/** What the worker does not take along gets one of its own. */
const OFFERED_IN_VAIN: Scenario = {
  ...NOT_TAKEN_ALONG,
  function: 'prioritization',
  name: 'work on offer in vain',
  invocation: 1,
};

const EXPIRED: Scenario = {
  ...WAITING,
  name: 'expired deadline',
  async prepare(pipeline) {
    await pipeline.ports.control.setPause(LANE, { by: 'an operator' });
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

/** The worker dies after its claim. The leader of the minute in which the lease ends brings the request back. */
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

/** The worker dies after it has committed the outcome. Its lease may follow that of a release which was lost before it. */
const UNSENT_RESULT: Scenario = {
  ...LOST_LEASE,
  name: 'unsent result',
  invocation: 0,
  before: () => [{ function: 'invocation', invocation: 0, fault: atCall(5, 'cut-before') }],
  expected: expecting(['r1'], { withinMs: 2 * WITHIN_MS }),
};

/** Its payload could not be read: the leader of the next minute puts it back. */
const SET_ASIDE: Scenario = {
  ...WAITING,
  name: 'request set aside',
  invocation: 1,
  async prepare(pipeline) {
    pipeline.payloadsUnreadable.set('r1', 1);
    send(pipeline, requestBody('r1'));
  },
  expected: expecting(['r1'], { withinMs: WITHIN_MS + SCHEDULE_MS }),
};

/** Two requests more than fit into a minute. */
const QUOTA_BOUND: Scenario = {
  ...WAITING,
  name: 'full quota',
  limits: { requestsPerMinute: 6, tokensPerMinute: 100_000 },
  async prepare(pipeline) {
    send(pipeline, ...TEN.slice(0, 8).map((id) => requestBody(id)));
  },
  expected: expecting(TEN.slice(0, 8), { withinMs: WITHIN_MS + 2 * SCHEDULE_MS }),
};

export const PRIORITIZATION_SCENARIOS: readonly Scenario[] = [
  WAITING,
  BATCH_WAITING,
  ON_OFFER,
  OFFERED_IN_VAIN,
  EXPIRED,
  OVERSIZED,
  LOST_LEASE,
  UNSENT_RESULT,
  SET_ASIDE,
  QUOTA_BOUND,
];
