import fc from 'fast-check';
import { expect, it } from 'vitest';
import { itemOf } from '../../../src/aws/dynamodb/expressions.ts';
import { itemOfRecord, recordOf } from '../../../src/aws/dynamodb/record-item.ts';
import type { RequestRecord } from '../../../src/core/request/record.ts';
import { waitingIn } from '../../fixtures/records.ts';

const count = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const anyText = fc.string({ unit: 'binary' });

const optional: fc.Arbitrary<Partial<RequestRecord>> = fc.record(
  {
    status: fc.constantFrom('RECEIVED', 'IN_PROGRESS', 'COMPLETED', 'FAILED'),
    priority: fc.constantFrom(1, 2, 3, 4, 5),
    tenant: anyText,
    task: anyText,
    record_id: anyText,
    metadata: anyText,
    source: fc.record({ key: anyText, version_id: anyText }, { requiredKeys: ['key'] }),
    has_deadline: fc.boolean(),
    max_tokens: count,
    released_at: count,
    output: fc.oneof(fc.record({ body: fc.jsonValue() }), fc.record({ bucket: anyText, key: anyText })),
    usage: fc.record({ input_tokens: count, output_tokens: count, cache_read_tokens: count }),
    latency_ms: fc.double({ min: 0, max: 1e9, noNaN: true }),
    error: fc.record({ type: anyText, message: anyText }),
    result_sent: fc.boolean(),
    expires_at: count,
  },
  { requiredKeys: [] },
);

it('gives back every record as it was written', () => {
  fc.assert(
    fc.property(optional, (fields) => {
      const record = waitingIn('lane', fields);
      const written = JSON.parse(JSON.stringify(record));
      expect(recordOf(itemOfRecord(record))).toEqual(written);
    }),
    { numRuns: 500 },
  );
});

it('writes the keys of the table and its indexes as the types that these have', () => {
  expect(itemOfRecord(waitingIn('lane', { deadline_at: 5, accepted_at: 7 }))).toMatchObject({
    request_id: { S: expect.any(String) },
    backlog_key: { S: 'lane|3|default|0' },
    backlog_order: { N: '7' },
    due_key: { S: expect.stringMatching(/^lane\|[0-3]$/) },
    due_at: { N: '5' },
  });
});

it.each([
  [{ queue: undefined }, 'record of a request: queue: missing'],
  [{ attempts: 'one' }, 'record of a request: attempts: must be of type number, is string'],
  [{ status: 'REJECTED' }, 'record of a rejection: result_id: missing'],
])('refuses an item that no function of ours has written: %j', (fields, problem) => {
  const item = itemOf({ ...waitingIn('lane'), ...fields });
  expect(() => recordOf(item)).toThrow(new RegExp(`^${problem}$`));
});
