import { describe, expect, it } from 'vitest';
import { DeniedModels, type ModelEnds } from '../../../../src/core/lane/engine/denied-models.ts';
import { entryOf } from '../../../fixtures/entries.ts';

const PLAIN = 'us.anthropic.claude-haiku-4-5-20251001-v1:0';
const OTHER = 'eu.anthropic.claude-haiku-4-5-20251001-v1:0';
const ARN = `arn:aws:bedrock:us-east-1:111122223333:inference-profile/${PLAIN}`;

const denied = (modelId: string, count = 1, slot = 0): ModelEnds[] => [
  { slot, servedModels: [], deniedModels: [[modelId, count]] },
];
const served = (modelId: string, slot = 0): ModelEnds[] => [
  { slot, servedModels: [modelId], deniedModels: [] },
];

/** Ids of the requests of these models that may be released. */
function admitted(models: DeniedModels, now: number, ...ids: string[]): string[] {
  const queue = ids.map((model_id, order) => entryOf(order, { model_id }));
  return models
    .admitted([queue], now)
    .flat()
    .map(({ model_id }) => model_id);
}

describe('a denied model id', () => {
  it('waits from its second denial on, and lets other ids go', () => {
    const models = new DeniedModels();
    models.observe(0, denied(PLAIN));
    expect(admitted(models, 0, PLAIN, OTHER)).toEqual([PLAIN, OTHER]);
    models.observe(0, denied(PLAIN));
    expect(admitted(models, 1, PLAIN, OTHER, PLAIN, OTHER)).toEqual([OTHER, OTHER]);
    expect(models.stopsLane).toBe(true);
  });

  it('is wrong by itself where another id of the lane is served: nothing waits, each request ends by its own denials', () => {
    const models = new DeniedModels();
    models.observe(0, [...served(OTHER), ...denied(PLAIN, 5)]);
    expect(admitted(models, 1, PLAIN, OTHER)).toEqual([PLAIN, OTHER]);
    expect(models.stopsLane).toBe(false);
  });

  it('is wrong by itself when it is an ARN that was never served', () => {
    const models = new DeniedModels();
    models.observe(0, denied(ARN, 5));
    expect(admitted(models, 1, ARN)).toEqual([ARN]);
    expect(models.stopsLane).toBe(false);
  });

  it.each([PLAIN, ARN])('that was served before waits: access to %s has been lost', (modelId) => {
    const models = new DeniedModels();
    models.observe(0, [...served(modelId), ...denied(modelId, 2)]);
    expect(admitted(models, 1, modelId, OTHER)).toEqual([OTHER]);
    expect(models.stopsLane).toBe(true);
    models.observe(2, served(OTHER));
    expect(models.stopsLane).toBe(false);
    expect(admitted(models, 3, modelId, OTHER)).toEqual([OTHER]);
  });

  it('is probed by one request at a time, the least released, after ever longer waits', () => {
    const models = new DeniedModels();
    models.observe(0, denied(PLAIN, 2));
    const queue = [
      entryOf(1, { model_id: PLAIN, generation: 3 }),
      entryOf(2, { model_id: PLAIN, generation: 1 }),
    ];
    const waits: number[] = [];
    for (let now = 0, from = 0, slot = 1; waits.length < 6; now += 1_000) {
      const [probe, ...others] = models.admitted([queue], now).flat();
      if (probe === undefined) continue;
      expect([probe.request_id, ...others]).toEqual(['r2']);
      waits.push((now - from) / 1_000);
      from = now;
      expect(models.released(now, slot, PLAIN)).toBe(true);
      expect(models.admitted([queue], now).flat()).toEqual([]);
      // A call that was under way before says nothing of the probe.
      models.observe(now, denied(PLAIN, 1, slot - 1));
      expect(models.admitted([queue], now + 50_000).flat()).toEqual([]);
      models.observe(now, denied(PLAIN, 1, slot));
      slot += 1;
    }
    expect(waits).toEqual([60, 120, 240, 480, 600, 600]);
    models.observe(10_000_000, served(PLAIN));
    expect(models.admitted([queue], 10_000_001).flat()).toHaveLength(2);
  });

  it('waits on under a successor, which probes anew', () => {
    const models = new DeniedModels();
    models.observe(0, denied(PLAIN, 2));
    models.released(60_000, 1, PLAIN);
    const successor = new DeniedModels(JSON.parse(JSON.stringify(models.snapshot())));
    expect(admitted(successor, 59_999, PLAIN)).toEqual([]);
    expect(admitted(successor, 60_001, PLAIN, PLAIN)).toEqual([PLAIN]);
  });

  it('costs no more memory than a few, whatever ids somebody makes up', () => {
    const models = new DeniedModels();
    models.observe(0, served(PLAIN));
    for (let n = 0; n < 1_000; n++) models.observe(n, denied(`us.anthropic.claude-haiku-4-5-${n}`, 2));
    expect(JSON.stringify(models.snapshot()).length).toBeLessThan(3_000);
    expect(models.stopsLane).toBe(false);
    models.observe(2_000, denied(PLAIN, 2));
    expect(admitted(models, 2_001, PLAIN)).toEqual([]);
  });
});
