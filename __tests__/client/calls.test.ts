/** What a call over HTTP says about itself, and what becomes of it in the message. */
import { InvokeModelCommand } from '@aws-sdk/client-bedrock-runtime';
import { expect, it } from 'vitest';
import { bedrockClient } from '../../src/client/http/bedrock-client.ts';
import { BedrockCalls, type HttpCall } from '../../src/client/http/calls.ts';
import { messageOf, type OutgoingMessage } from '../../src/client/requests.ts';
import { createWorld, messageOf as received } from '../fixtures/ingestion-world.ts';

const MODEL = 'us.amazon.nova-lite-v1:0';
const messages = [{ role: 'user', content: [{ text: 'hi' }] }];

/** Takes calls up to their message. */
function receiver() {
  const sent: OutgoingMessage[] = [];
  const submit = async (request: Parameters<typeof messageOf>[0]) => {
    sent.push(messageOf(request));
    throw new Error('far enough');
  };
  return { sent, calls: new BedrockCalls({ submit }, {}) };
}

const call = (headers: HttpCall['headers'], operation = 'converse'): HttpCall => ({
  method: 'POST',
  path: `/model/${MODEL}/${operation}`,
  headers,
  body: JSON.stringify({ messages }),
});

/** What the call with these headers is answered with, if it does not become a message. */
async function send(headers: HttpCall['headers'], operation?: string) {
  const { sent, calls } = receiver();
  const { status, body } = await calls.answer(call(headers, operation));
  const [message] = sent;
  return {
    message: message && JSON.parse(message.body),
    answer: message ? undefined : { status, ...JSON.parse(Buffer.from(body).toString()) },
  };
}

it('takes what the smoother’s own headers say, and leaves the sidecar its token', async () => {
  const { message } = await send({
    ...{ 'x-smoother-priority': '1', 'x-smoother-tenant': 'a', 'x-smoother-task': 't' },
    ...{ 'x-smoother-deadline': '2030-01-01T00:00:00Z', 'x-smoother-if-too-late': 'refuse' },
    ...{ 'x-smoother-request-id': 'r1', 'x-smoother-token': 'secret', 'x-other': 'theirs' },
  });
  expect(message).toMatchObject({
    request_id: 'r1',
    priority: 1,
    tenant: 'a',
    task: 't',
    deadline: '2030-01-01T00:00:00Z',
    if_too_late: 'refuse',
  });
});

it('refuses a header of the smoother’s that is misspelt', async () => {
  const { answer } = await send({ 'x-smoother-prority': '1' });
  expect(answer).toEqual({
    status: 400,
    message: expect.stringMatching(/^x-smoother-prority: unknown header; known are x-smoother-priority, /),
  });
});

it.each(['high', 'Infinity', '9'])('the refusal of the priority %s shows what came', async (priority) => {
  const { message } = await send({ 'x-smoother-priority': priority });
  const world = createWorld();
  await world.ingest(received(message));
  const [record] = world.records();
  expect(record?.error?.message).toMatch(
    new RegExp(`^priority: must be a whole number from 1 to 5, got "?${priority}"?$`),
  );
});

it('takes InvokeModel’s request metadata, from the SDK too', async () => {
  const header = { 'x-amzn-bedrock-request-metadata': '{"team":"a"}' };
  const { message } = await send(header, 'invoke');
  expect(message.invoke_model).toMatchObject({ requestMetadata: { team: 'a' } });

  const { sent, calls } = receiver();
  const client = bedrockClient(calls, { outputs: { region: 'us-east-1' } } as never);
  const command = new InvokeModelCommand({
    modelId: MODEL,
    body: JSON.stringify({ messages }),
    requestMetadata: '{"team":"a"}',
  });
  await expect(client.send(command)).rejects.toThrow('far enough');
  expect(JSON.parse(sent[0]?.body ?? '').invoke_model).toMatchObject({ requestMetadata: { team: 'a' } });
});

it.each(['not json', ''])('refuses request metadata that is not JSON: "%s"', async (header) => {
  const { answer } = await send({ 'x-amzn-bedrock-request-metadata': header }, 'invoke');
  expect(answer).toMatchObject({
    status: 400,
    message: expect.stringMatching(/^x-amzn-bedrock-request-metadata: must be JSON/),
  });
});
