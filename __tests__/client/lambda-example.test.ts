/** The Lambda example: what its producer sends is accepted, and its consumer takes what the smoother answers. */
import { SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, expect, it, vi } from 'vitest';
import { handler as consume } from '../../examples/lambda/consumer.ts';
import { handler as produce } from '../../examples/lambda/producer.ts';
import { resultOf } from '../../src/core/request/result.ts';
import { createWorld, messageOf } from '../fixtures/ingestion-world.ts';

afterEach(() => void vi.restoreAllMocks());

it('goes from a ticket to its summary', async () => {
  const sent: string[] = [];
  vi.spyOn(SQSClient.prototype, 'send').mockImplementation((async (command: {
    input: { MessageBody: string };
  }) => {
    sent.push(command.input.MessageBody);
    return { MessageId: 'm1' };
  }) as never);
  expect(await produce({ id: '7', text: 'My printer is on fire.' })).toEqual({ messageId: 'm1' });
  const world = createWorld(undefined, { results_queues: ['tickets'] });
  await world.ingest(messageOf(sent[0]));
  const [record] = world.requests();
  expect(record).toMatchObject({ request_id: 'ticket-7', results: 'tickets', status: 'RECEIVED' });

  const lines: unknown[] = [];
  vi.spyOn(console, 'log').mockImplementation((line) => void lines.push(JSON.parse(line)));
  const body = { output: { message: { role: 'assistant', content: [{ text: 'A printer burns.' }] } } };
  const ended = { ...record, status: 'COMPLETED' as const, finished_at: 9, output: { body } };
  const message = { messageId: 'a', body: JSON.stringify(resultOf(ended as never)) };
  const answer = await consume({ Records: [message, { messageId: 'b', body: 'not JSON' }] }).catch(
    () => undefined,
  );
  expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'b' }] });
  expect(lines).toEqual([{ ticket: '7', summary: 'A printer burns.' }]);
});
