import { expect, it } from 'vitest';
import { failuresOf, incomingOf, recordsOf, streamChangeOf } from '../../src/aws/lambda-events.ts';

it.each([undefined, {}, { Records: 'none' }, { model_id: 'amazon.nova-lite-v1:0' }])(
  'an event without records (%j) is refused, with the source that sends such events',
  (event) => {
    expect(() => recordsOf(event as never, 'the Input queue')).toThrow(
      'event: Records missing. This function is invoked by the Input queue only, and not by hand',
    );
  },
);

it('reads a message with its times', () => {
  const attributes = { SentTimestamp: '1800000000000', ApproximateReceiveCount: '2' };
  expect(incomingOf({ messageId: 'm1', body: '{}', attributes } as never)).toEqual({
    id: 'm1',
    body: '{}',
    sentAt: 1_800_000_000_000,
    receiveCount: 2,
  });
});

it('reads a change of the table, and nothing of a deletion', () => {
  expect(streamChangeOf({ dynamodb: { SequenceNumber: '7' } })).toEqual({
    sequenceNumber: '7',
    read: undefined,
  });
});

it('answers what must be delivered again', () => {
  expect(failuresOf(['a'])).toEqual({ batchItemFailures: [{ itemIdentifier: 'a' }] });
});
