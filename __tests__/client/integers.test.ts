/** Whole numbers that a double cannot hold reach the producer with all their digits. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { BedrockCalls } from '../../src/client/http/calls.ts';
import type { Smoother } from '../../src/client/index.ts';
import { resultOf } from '../../src/core/request/result.ts';
import { parseJson } from '../../src/wire/json.ts';
import { completed, StackStub } from './stack-stub.ts';

const LARGE = 12_345_678_901_234_567_890n;
/** As Bedrock has written it. */
const ANSWER = `{"content":[{"type":"tool_use","input":{"id":${LARGE},"count":7}}]}`;
const output = { content: [{ type: 'tool_use', input: { id: LARGE, count: 7 } }] };
const record = completed('large', {
  operation: 'invoke_model',
  output: { bucket: 'calls', key: 'outputs/large.json' },
});

let stack: StackStub;
let smoother: Smoother;
beforeAll(async () => {
  stack = new StackStub();
  smoother = await stack.start();
  stack.objects.set('calls/outputs/large.json', ANSWER);
  stack.put(record);
});
afterAll(() => stack.stop());

it('from a handle', async () => {
  expect(await smoother.handle('large').result()).toMatchObject({ output });
});

it('from a results queue', async () => {
  stack.results.push(JSON.stringify(resultOf(record)));
  for await (const result of smoother.results()) {
    expect(result).toMatchObject({ requestId: 'large', output });
    break;
  }
});

it('over HTTP', async () => {
  const calls = new BedrockCalls({ submit: async () => smoother.handle('large') }, {});
  const call = { method: 'POST', path: '/model/any.model/invoke', headers: {}, body: '{}' };
  const { status, body } = await calls.answer(call);
  expect([status, Buffer.from(body).toString()]).toEqual([200, ANSWER]);
});

it('and a field that is given twice counts as it does where all numbers are short', () => {
  for (const number of ['1', String(LARGE)]) {
    const text = `{"a":1,"a":2,"b":${number}}`;
    expect(parseJson(text)).toMatchObject({ a: JSON.parse(text).a });
  }
});
