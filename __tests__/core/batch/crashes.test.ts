import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BatchPorts } from '../../../src/core/batch/batch-runner.ts';
import { answer, type BatchWorld, createBatchWorld, recordLine } from '../../fixtures/batch-world.ts';

const KEY = 'batches/nightly.jsonl';
const LINES = 130;
/** Some lines are no records, and one that ingestion refuses. */
const FILE = Array.from({ length: LINES }, (_, index) => {
  const n = index + 1;
  if (n % 40 === 0) return 'no JSON\n';
  return `${n === 7 ? recordLine(n, { modelInput: { max_tokens: -1 } }) : recordLine(n)}\n`;
}).join('');

/** From this call of an invocation on, none is answered: the process has died, before the call or after it took effect. */
interface Death {
  call: number;
  tookEffect: boolean;
}

/** The ports of a process that dies. Each invocation is another process. */
function mortal(ports: BatchPorts, next: () => Death | undefined): { ports: BatchPorts; begin(): void } {
  let death: Death | undefined;
  let made = 0;
  const around = <M extends (...args: never[]) => Promise<unknown>>(method: M) =>
    (async (...args: Parameters<M>) => {
      made += 1;
      if (death === undefined || made < death.call) return method(...args);
      if (made === death.call && death.tookEffect) await method(...args);
      throw new Error('dead');
    }) as unknown as M;
  const wrapped = Object.entries(ports).map(([name, port]) => {
    if (name === 'ingest') return [name, around(port as BatchPorts['ingest'])];
    if (typeof port !== 'object' || name === 'clock') return [name, port];
    const methods = Object.entries(port).map(([method, call]) => [method, around(call as never)]);
    return [name, Object.fromEntries(methods)];
  });
  return {
    ports: Object.fromEntries(wrapped) as BatchPorts,
    begin() {
      death = next();
      made = 0;
    },
  };
}

/** Handles messages until there are none, where each may kill its process and then comes again, and may come twice. */
async function play(deaths: readonly Death[], isDoubled: (nth: number) => boolean): Promise<BatchWorld> {
  const left = [...deaths];
  let process: ReturnType<typeof mortal> | undefined;
  const world = createBatchWorld((ports) => {
    process = mortal(ports, () => left.shift());
    return process.ports;
  });
  const waiting = [await world.leave(KEY, FILE)];
  for (let nth = 0; nth < 1_000; nth++) {
    const body = waiting.shift();
    if (body === undefined) return world;
    if (isDoubled(nth)) waiting.push(body);
    process?.begin();
    const failed = await world.handle(body);
    world.clock.time += 60_000;
    if (failed.length > 0) waiting.push(body);
    await world.finish();
    waiting.push(...world.queue.splice(0).map((it) => it.body));
  }
  throw new Error('It never comes to rest');
}

async function expectWhole(world: BatchWorld): Promise<void> {
  expect(world.cloud.batches()).toMatchObject([{ status: 'COMPLETED' }]);
  const answers = await world.answers();
  expect(answers.map(({ recordId }) => recordId)).toEqual(
    Array.from({ length: LINES }, (_, index) =>
      (index + 1) % 40 === 0 ? `LINE${String(index + 1).padStart(7, '0')}` : `R${index + 1}`,
    ),
  );
  expect(JSON.parse(await world.output('manifest.json.out'))).toMatchObject({
    totalRecordCount: LINES,
    successRecordCount: LINES - 4,
    errorRecordCount: 4,
  });
  expect(world.cloud.published.length).toBeGreaterThan(0);
  const texts = world.cloud.published.map(({ message }) =>
    JSON.stringify({ ...(message as object), updatedAt: '' }),
  );
  expect(new Set(texts).size).toBe(1);
}

describe('a batch whose function dies', () => {
  it('again and again, and whose messages come twice, is answered as one that went well', async () => {
    const deaths = fc.array(fc.record({ call: fc.integer({ min: 1, max: 60 }), tookEffect: fc.boolean() }), {
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(deaths, fc.infiniteStream(fc.boolean()), async (all, doubles) => {
        const doubled = [...doubles.take(8)];
        await expectWhole(await play(all, (nth) => doubled[nth] ?? false));
      }),
      { numRuns: 10 },
    );
  });

  it('has as many requests as records, and no notification twice without a crash', async () => {
    const world = await play([], () => false);
    await expectWhole(world);
    expect(world.cloud.published).toHaveLength(1);
    const requests = [...world.cloud.table.all()].map(({ request_id }) =>
      request_id.replace(/^rejected\//, ''),
    );
    expect(new Set(requests).size).toBe(LINES - 3);
    expect(requests).toHaveLength(LINES - 3);
  });

  it('control: a death that nobody recovers from is noticed', async () => {
    const world = createBatchWorld((ports) => ({ ...ports, queue: { send: async () => undefined } }));
    await world.drop(KEY, FILE);
    await world.finish(answer);
    await world.deliver();
    await expect(expectWhole(world)).rejects.toThrow();
  });
});

describe('two invocations that work on one batch', () => {
  it('do not get in each other’s way: one wins each turn, the other comes again', async () => {
    const world = createBatchWorld();
    const event = await world.leave(KEY, FILE);
    const [first, second] = await Promise.all([world.handle(event), world.handle(event)]);
    expect([...(first ?? []), ...(second ?? [])].length).toBeLessThanOrEqual(1);
    await world.finish();
    await world.deliver();
    expect(await world.handle(event)).toEqual([]);
    await expectWhole(world);
  });
});
