/** What can happen to a release at Bedrock and on the way there. */
import type { Outcome } from '../../core/request/record.ts';
import type { Meeting } from './bedrock.ts';
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

const MEETINGS: Record<string, { script: Meeting[]; calls?: number; outcome?: Outcome; withinMs?: number }> =
  {
    'small output': { script: ['small'] },
    'large output': { script: ['large'] },
    'cut answer': { script: ['truncated', 'large'], calls: 2 },
    throttled: { script: ['throttled', 'small'], calls: 2 },
    transient: { script: ['transient', 'small'], calls: 2 },
    validation: { script: ['invalid'], outcome: 'FAILED' },
    // It is set aside, and the leader of the next minute puts it back.
    denied: { script: ['denied', 'small'], calls: 2, withinMs: WITHIN_MS + SCHEDULE_MS },
  };

function invocation(name: string): Scenario {
  const { script, calls = 1, outcome = 'COMPLETED', withinMs } = MEETINGS[name] ?? { script: [] };
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
    expected: expecting(['r1'], { outcomes: { r1: [outcome] }, calls: { r1: calls }, withinMs }),
  };
}

const IN_RECORD: Scenario = {
  ...invocation('large output'),
  name: 'large output, result in the record',
  async prepare(pipeline) {
    pipeline.bedrock.script('r1', ['throttled', 'large']);
    send(pipeline, requestBody('r1', { results: 'record' }));
  },
  expected: expecting(['r1'], { calls: { r1: 2 } }),
};

/** It is taken back as soon as it is released: its worker finds that out. */
const TAKEN_BACK: Scenario = {
  ...invocation('small output'),
  name: 'taken back after its release',
  async prepare(pipeline) {
    pipeline.takenBack.add('r1');
    send(pipeline, requestBody('r1'));
  },
  expected: expecting(['r1'], { outcomes: { r1: ['CANCELLED'] }, calls: { r1: 0 } }),
};

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

/** The request is set aside for ten seconds, and the leader of the next minute puts it back. */
const UNREADABLE_PAYLOAD: Scenario = {
  ...MISSING_PAYLOAD,
  name: 'unreadable payload',
  async prepare(pipeline) {
    pipeline.payloadsUnreadable.set('r1', 1);
    send(pipeline, requestBody('r1'));
  },
  expected: expecting(['r1'], { withinMs: WITHIN_MS + SCHEDULE_MS }),
};

/** The second request is released while the worker of the first one runs. */
function onOffer(name: string, afterMs: number): Scenario {
  return {
    ...{ function: 'invocation', name, invocation: 0, limits: WIDE },
    async prepare(pipeline) {
      pipeline.bedrock.script('r1', ['slow']);
      send(pipeline, requestBody('r1'));
      pipeline.clock.at(pipeline.clock.now() + afterMs, () => send(pipeline, requestBody('r2')));
    },
    expected: expecting(['r1', 'r2']),
  };
}

export const TAKEN_ALONG = onOffer('taken along', 1_500);
/** The worker takes nothing along any more by then. */
export const NOT_TAKEN_ALONG = onOffer('not taken along', 3_400);

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
    pipeline.payloadsUnreadable.set('r9', 2);
    send(pipeline, ...TEN.map((id) => requestBody(id)));
  },
  expected: expecting(TEN, {
    outcomes: { r4: ['FAILED'], r6: ['FAILED'] },
    calls: { r2: 2, r3: 2, r5: 2, r6: 0, r8: 3 },
    // r9 is set aside twice.
    withinMs: WITHIN_MS + 2 * SCHEDULE_MS,
  }),
};

export const INVOCATION_SCENARIOS: readonly Scenario[] = [
  ...Object.keys(MEETINGS).map(invocation),
  IN_RECORD,
  TAKEN_BACK,
  MISSING_PAYLOAD,
  UNREADABLE_PAYLOAD,
  TAKEN_ALONG,
  NOT_TAKEN_ALONG,
  MIXED_BUNDLE,
];
