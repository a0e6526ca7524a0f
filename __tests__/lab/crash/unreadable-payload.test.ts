import { describe, expect, it } from 'vitest';
import type { Records } from '../../../src/core/request/ports.ts';
import type { RequestRecord } from '../../../src/core/request/record.ts';
import { Pipeline, type PipelineOptions } from '../../../src/lab/crash/pipeline.ts';
import { requestBody, WIDE } from '../../../src/lab/crash/scenario.ts';

const MINUTE_MS = 60_000;

/** An hour with one request whose payload cannot be read, and others after it in its queue. */
async function anHour(sabotage?: PipelineOptions['sabotage']) {
  const pipeline = new Pipeline({ limits: WIDE, sabotage });
  pipeline.payloadsUnreadable.set('r0', Number.POSITIVE_INFINITY);
  for (const id of ['r0', 'r1', 'r2']) pipeline.input.send(JSON.stringify(requestBody(id)));
  await pipeline.clock.run(pipeline.clock.now() + MINUTE_MS);
  const finished = pipeline.results.map(({ result }) => result.request_id).sort();
  await pipeline.clock.run(pipeline.clock.now() + 59 * MINUTE_MS);
  const releases = pipeline.stream.images.filter(
    ({ record }) => record.request_id === 'r0' && record.status === 'IN_PROGRESS',
  ).length;
  return { pipeline, finished, releases };
}

/** Back in the backlog at once, as a throttled request is. */
function atOnce(records: Records): Records {
  return {
    ...records,
    move: async (transition) => {
      const { status, due_at, backlog_key } = transition.set;
      if (status !== 'RECEIVED' || due_at === undefined || backlog_key !== undefined)
        return records.move(transition);
      const { queue, arrival } = (await records.read(transition.request_id)) as RequestRecord;
      return records.move({ ...transition, set: { status, backlog_key: queue, backlog_order: arrival } });
    },
  };
}

describe('a payload that cannot be read for long', () => {
  it('is asked for ever more seldom, costs no attempt, and holds up nobody', async () => {
    const { pipeline, finished, releases } = await anHour();
    expect(finished).toEqual(['r1', 'r2']);
    expect(releases).toBeGreaterThan(10);
    expect(releases).toBeLessThan(20);
    expect(await pipeline.ports.records.read('r0')).toMatchObject({
      status: 'RECEIVED',
      attempts: 0,
      failures: 0,
    });
    expect(pipeline.hold.deadLetters).toEqual([]);
    pipeline.payloadsUnreadable.delete('r0');
    expect(await pipeline.settle(7 * MINUTE_MS)).toBe(true);
    expect(pipeline.results.at(-1)?.result).toMatchObject({ request_id: 'r0', status: 'COMPLETED' });
  });

  it('would be asked for many times as often, if its request were put back at once', async () => {
    const { releases } = await anHour({ records: atOnce });
    // With each leader that the schedule sends, at least.
    expect(releases).toBeGreaterThan(50);
  });
});
