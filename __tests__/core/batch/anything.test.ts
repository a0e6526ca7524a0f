import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readOptions } from '../../../src/core/batch/options.ts';
import { mutated } from '../../../src/lab/fuzz/mutations.ts';
import { forkRandom } from '../../../src/lab/simulation/random.ts';
import { createBatchWorld, recordLine } from '../../fixtures/batch-world.ts';

/** What somebody might put into a line: messages that went wrong, any JSON, any text. */
const anyLine = fc
  .oneof(
    fc.nat().map((number) => mutated(forkRandom(1, `line ${number}`))),
    fc.json(),
    fc.record({ recordId: fc.anything(), modelInput: fc.anything() }).map((it) => JSON.stringify(it) ?? ''),
    fc.string({ unit: 'binary' }),
  )
  .map((text) => text.replaceAll('\n', ' '));

it('whatever the lines are, each is answered once and in its place, and good ones beside it as ever', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyLine, { maxLength: 8 }), async (lines) => {
      const world = createBatchWorld();
      const file = [recordLine(1), ...lines, recordLine(2)].join('\n');
      expect(await world.drop('batches/any.jsonl', file)).toEqual([]);
      await world.finish();
      await world.deliver();
      expect(world.cloud.batches()).toMatchObject([{ status: 'COMPLETED' }]);
      const answers = await world.answers();
      const decoded = Buffer.from(file).toString().split('\n');
      expect(answers).toHaveLength(decoded.filter((line) => line.trim() !== '').length);
      for (const answer of answers) {
        expect(answer.recordId).toEqual(expect.any(String));
        expect('modelOutput' in answer).not.toBe('error' in answer);
      }
      for (const answer of [answers[0], answers.at(-1)]) {
        expect(answer).toMatchObject({ recordId: expect.stringMatching(/^R[12]$/), modelOutput: {} });
      }
    }),
    { numRuns: 60 },
  );
});

it('whatever the metadata says, it is taken or refused with a reason', () => {
  const name = fc.constantFrom(
    ...['model-id', 'model-invocation-type', 'priority', 'tenant', 'task', 'deadline'],
    ...['max-wait-seconds', 'accept-truncated'],
  );
  const value = fc.oneof(fc.string(), fc.json(), fc.constantFrom('Converse', '1', 'amazon.nova-lite-v1:0'));
  fc.assert(
    fc.property(fc.dictionary(name, value), fc.option(fc.json()), (metadata, besides) => {
      const reading = readOptions({ metadata, besides: besides ?? undefined }, 1_800_000_000_000, 86_400);
      if ('problem' in reading) expect(reading.problem).toMatch(/\S.+/);
      else expect(reading.deadlineAt).toBeGreaterThan(1_800_000_000_000);
    }),
  );
});
