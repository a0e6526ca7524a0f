import { ConverseStreamCommand, type ConverseStreamOutput } from '@aws-sdk/client-bedrock-runtime';
import { expect, it } from 'vitest';
import type { Connection } from '../../src/client/connection.ts';
import type { RequestHandle } from '../../src/client/handle.ts';
import { bedrockClient } from '../../src/client/http/bedrock-client.ts';
import { BedrockCalls } from '../../src/client/http/calls.ts';

/** The events that the SDK makes of the stream of an answer with this one block. */
async function eventsOf(block: object): Promise<ConverseStreamOutput[]> {
  const output = { output: { message: { role: 'assistant', content: [block] } }, stopReason: 'end_turn' };
  const handle = { requestId: 'r', outcome: async () => ({ status: 'COMPLETED', output, timings: {} }) };
  const calls = new BedrockCalls({ submit: async () => handle as unknown as RequestHandle }, {});
  const client = bedrockClient(calls, { outputs: { region: 'us-east-1' } } as Connection);
  const messages = [{ role: 'user' as const, content: [{ text: 'hi' }] }];
  const { stream = [] } = await client.send(new ConverseStreamCommand({ modelId: 'm', messages }));
  const events: ConverseStreamOutput[] = [];
  for await (const event of stream) events.push(event);
  return events;
}

it('the stream of an answer has the result of a tool that Bedrock has called', async () => {
  const content = [{ text: 'sunny' }, { json: { degrees: 21 } }];
  const events = await eventsOf({ toolResult: { toolUseId: 't', status: 'success', content } });
  expect(events.slice(1, 3)).toEqual([
    {
      contentBlockStart: {
        contentBlockIndex: 0,
        start: { toolResult: { toolUseId: 't', status: 'success' } },
      },
    },
    { contentBlockDelta: { contentBlockIndex: 0, delta: { toolResult: content } } },
  ]);
});

it('the stream of an answer has its image', async () => {
  const bytes = new Uint8Array([1, 2, 3]);
  const events = await eventsOf({ image: { format: 'png', source: { bytes } } });
  expect(events.slice(1, 3)).toEqual([
    { contentBlockStart: { contentBlockIndex: 0, start: { image: { format: 'png' } } } },
    { contentBlockDelta: { contentBlockIndex: 0, delta: { image: { source: { bytes } } } } },
  ]);
});

it('the stream of an answer has a block of a kind that nobody knows yet', async () => {
  const events = await eventsOf({ hologram: { depth: 3 } });
  expect(events[1]).toEqual({
    contentBlockDelta: { contentBlockIndex: 0, delta: { $unknown: ['hologram', { depth: 3 }] } },
  });
});
