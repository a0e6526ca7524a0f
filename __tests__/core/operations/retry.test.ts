import { expect, it } from 'vitest';
import { retryIdOf, retryMessageOf } from '../../../src/core/operations/retry.ts';
import { readMessage } from '../../../src/core/request/message.ts';
import { payloadText, readPayload } from '../../../src/core/request/payload.ts';
import { waitingRecord } from '../../fixtures/records.ts';

const MODEL = 'anthropic.claude-3-haiku-20240307-v1:0';
const LIMITS = { longestWaitSeconds: 1_000 };
const BODY = '{"max_tokens": 5, "seed":9223372036854775807, "2":1, "1":0.10}';
const CONVERSE =
  '{"messages":[{"role":"user","content":[{"text":"hi"}]}],"additionalModelRequestFields":{"n":9007199254740993}}';

it.each([
  ['Converse', `{"model_id":"${MODEL}","converse":${CONVERSE}}`, CONVERSE],
  [
    'InvokeModel with its parameters',
    `{"model_id":"${MODEL}","invoke_model":{"body":${BODY},"guardrailIdentifier":"gr","guardrailVersion":"1"}}`,
    BODY,
  ],
  ['a batch record', `{"model_id":"${MODEL}","recordId":"R1","modelInput":${BODY}}`, BODY],
])('a retry of %s is the same call, byte for byte, under an id of its own', (_, message, body) => {
  const first = readMessage(message, LIMITS);
  if (first.kind !== 'request') throw new Error('Not accepted');
  const { record_id, call, tenant, priority } = first.request;
  const record = waitingRecord('r1', { model_id: MODEL, record_id, tenant, priority });
  const stored = readPayload(Buffer.from(payloadText({ payload: call, body: first.request.body })));
  const again = readMessage(retryMessageOf(record, stored), LIMITS);
  expect(again).toEqual({ kind: 'request', request: { ...first.request, request_id: retryIdOf('r1') } });
  expect(first.request.body).toBe(body);
});

it('names no task where the producer named none, although its requests are grouped', () => {
  const call = readPayload(Buffer.from(`{"v":1,"operation":"converse","converse":${CONVERSE}}`));
  const taskOfRetry = (task: string) =>
    JSON.parse(retryMessageOf(waitingRecord('r1', { model_id: MODEL, task }), call)).task;
  expect(taskOfRetry('~a1')).toBeUndefined();
  expect(taskOfRetry('summaries')).toBe('summaries');
});
