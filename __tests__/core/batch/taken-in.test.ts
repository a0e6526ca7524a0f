import { expect, it } from 'vitest';
import { type BatchWorld, createBatchWorld, recordLine, records } from '../../fixtures/batch-world.ts';
import { MODEL } from '../../fixtures/ingestion-world.ts';

const KEY = 'batches/x.jsonl';
const CONVERSE = { modelInput: { messages: [{ role: 'user', content: [{ text: 'hi' }] }] } };

/** Ingestion cannot handle the third line for a moment, but all lines behind it. */
async function halfTakenIn(metadata: Record<string, string> = {}): Promise<BatchWorld> {
  const world = createBatchWorld((ports) => ({
    ...ports,
    ingest: async (messages) => {
      const bad = messages.filter(({ id }) => id.endsWith('-3')).map(({ id }) => id);
      const failed = await ports.ingest(messages.filter(({ id }) => !bad.includes(id)));
      return [...failed, ...bad];
    },
  }));
  await world.drop(KEY, records(50), { 'model-id': MODEL, ...metadata });
  expect(world.cloud.batches()).toMatchObject([{ status: 'TAKING_IN', position: { line: 3 } }]);
  expect([...world.cloud.table.all()]).toHaveLength(49);
  return world;
}

it('what is cancelled while a line could not be taken in is cancelled behind it, too', async () => {
  const world = await halfTakenIn();
  await world.drop('batches/x.cancel', 'x', {});
  await world.deliver();
  await world.finish();
  await world.deliver();
  const statuses = [...world.cloud.table.all()].map(({ status }) => status);
  expect(new Set(statuses)).toEqual(new Set(['CANCELLED']));
  expect(await world.answers()).toHaveLength(50);
});

it('what was called is answered, although the deadline passed before a line in front of it was taken in', async () => {
  const world = await halfTakenIn({ 'max-wait-seconds': '4' });
  await world.finish();
  await world.deliver();
  const answers = await world.answers();
  expect(answers.filter((it) => 'modelOutput' in it)).toHaveLength(49);
  expect(answers[2]).toMatchObject({ error: { errorMessage: expect.stringMatching(/^DeadlinePassed/) } });
});

/** Ingestion cannot handle these lines, ever; what comes to it is told. */
async function neverTakenIn(lines: number, bad: readonly number[]) {
  let tries = 0;
  const world = createBatchWorld((ports) => ({
    ...ports,
    ingest: async (messages) => {
      tries++;
      const isBad = ({ id }: { id: string }) => bad.includes(Number(id.split('-').at(-1)));
      const failed = await ports.ingest(messages.filter((it) => !isBad(it)));
      return [...failed, ...messages.filter(isBad).map(({ id }) => id)];
    },
  }));
  await world.drop(KEY, records(lines), { 'model-id': MODEL });
  await deliverUntilTakenIn(world);
  await world.finish();
  await world.deliver();
  return { world, tries };
}

async function deliverUntilTakenIn({ cloud, deliver }: BatchWorld): Promise<void> {
  while (cloud.batches()[0]?.status === 'TAKING_IN') await deliver(1).catch(() => undefined);
}

it.each([
  ['in the middle', 250, [3]],
  ['two of a step', 50, [3, 9]],
  ['the last', 5, [5]],
  ['the only one', 1, [1]],
])('a line that can never be taken in costs that line and nothing else: %s', async (_, lines, bad) => {
  const { world, tries } = await neverTakenIn(lines, bad);
  const answers = await world.answers();
  expect(answers).toHaveLength(lines);
  for (const [index, answer] of answers.entries()) {
    const error = { errorCode: 500, errorMessage: expect.stringMatching(/^IngestionFailed/) };
    expect(answer).toMatchObject(bad.includes(index + 1) ? { error } : { modelOutput: {} });
  }
  expect(world.cloud.batches()).toMatchObject([{ status: 'COMPLETED', records: lines }]);
  const manifest = JSON.parse(await world.output('manifest.json.out'));
  expect(manifest).toMatchObject({ totalRecordCount: lines, errorRecordCount: bad.length });
  expect(tries).toBeLessThanOrEqual(20 * bad.length);
});

it('a line whose request exists is not refused, however often its lane cannot be told', async () => {
  let isDown = true;
  const world = createBatchWorld((ports) => ({
    ...ports,
    ingest: async (messages) => {
      const failed = await ports.ingest(messages);
      return isDown ? messages.map(({ id }) => id) : failed;
    },
  }));
  await world.drop(KEY, records(3), { 'model-id': MODEL });
  await expect(world.deliver(50)).rejects.toThrow('More than 50 messages');
  expect(world.cloud.batches()).toMatchObject([{ status: 'TAKING_IN', position: { line: 1 } }]);
  isDown = false;
  await deliverUntilTakenIn(world);
  await world.finish();
  await world.deliver();
  expect((await world.answers()).map((it) => 'modelOutput' in it)).toEqual([true, true, true]);
});

it.each([
  [
    'is nested too deeply',
    `{"modelInput":{"x":${'['.repeat(10_000)}${']'.repeat(10_000)}}}`,
    /nested deeper/,
  ],
  ['gives its input twice', '{"modelInput":{"messages":[]},"modelInput":{}}', /modelInput: given twice/],
  [
    'has an id that no result can carry',
    recordLine(1, { ...CONVERSE, recordId: 'a'.repeat(300) }),
    /recordId: must be/,
  ],
])('a Converse line that %s costs that line and nothing else', async (_, line, problem) => {
  const world = createBatchWorld();
  await world.drop(KEY, [line, recordLine(2, CONVERSE)].join('\n'), {
    'model-id': MODEL,
    'model-invocation-type': 'Converse',
  });
  await world.finish();
  await world.deliver();
  expect(await world.answers()).toMatchObject([
    { error: { errorCode: 400, errorMessage: expect.stringMatching(problem) } },
    { modelOutput: {} },
  ]);
});
