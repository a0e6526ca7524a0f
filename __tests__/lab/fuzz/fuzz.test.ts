import { describe, expect, it } from 'vitest';
import type { RequestRecord } from '../../../src/core/request/record.ts';
import { type FuzzFigures, fuzz, messageOf } from '../../../src/lab/fuzz/fuzz.ts';
import { laneKeyProblems, messageProblems, recordProblems } from '../../../src/lab/fuzz/limits.ts';
import type { MemoryPorts } from '../../../src/memory/cloud.ts';

const SEED = 7;

async function brokenBy(sabotage: (ports: MemoryPorts) => MemoryPorts): Promise<string> {
  const { broken }: FuzzFigures = await fuzz({ seed: SEED, cases: 45, sabotage });
  return broken.map(({ problem }) => problem).join('\n');
}

describe('any message', () => {
  it('is stored, or refused with a reason, and touches no other', async () => {
    const { cases, accepted, rejected, broken } = await fuzz({ seed: SEED, cases: 2_000 });
    expect(broken).toEqual([]);
    expect(cases).toBe(2_000);
    expect(accepted).toBeGreaterThan(50);
    expect(rejected.InvalidMessage).toBeGreaterThan(1_000);
  });

  it('comes again by seed and number', async () => {
    expect(messageOf(SEED, 12)).toBe(messageOf(SEED, 12));
    expect(messageOf(SEED, 12)).not.toBe(messageOf(SEED + 1, 12));
    expect((await fuzz({ seed: SEED, cases: 1, from: 12 })).cases).toBe(1);
  });
});

describe('control: it is found when', () => {
  it('a message fails', async () => {
    const failing = async () => {
      throw new Error('no');
    };
    expect(await brokenBy((ports) => ({ ...ports, payloads: { ...ports.payloads, put: failing } }))).toMatch(
      /ingestion failed on/,
    );
  });

  it('a record is not written', async () => {
    const forgetting = async () => undefined;
    expect(
      await brokenBy((ports) => ({ ...ports, records: { ...ports.records, create: forgetting } })),
    ).toMatch(/the message was lost/);
  });

  it('a result is not sent', async () => {
    const results = { send: async () => undefined };
    expect(await brokenBy((ports) => ({ ...ports, results }))).toMatch(/no result under/);
  });

  it('a producer chooses a key', async () => {
    const steered = { put: (key: string, body: Uint8Array | string) => save(key.slice(0, 12), body) };
    let save: MemoryPorts['payloads']['put'] = async () => undefined;
    const broken = await brokenBy((ports) => {
      save = ports.payloads.put;
      return { ...ports, payloads: { ...ports.payloads, ...steered } };
    });
    expect(broken).toMatch(/an object at (payloads\/.{3}|small\/.{6})$/m);
  });
});

describe('what the services refuse', () => {
  it('is seen in records, keys and messages', () => {
    const record = { request_id: 'a', metadata: 'x'.repeat(420_000) } as RequestRecord;
    expect(recordProblems(record)).toEqual([expect.stringMatching(/^a record of 42\d{4} bytes$/)]);
    expect(recordProblems({ request_id: '' } as RequestRecord)).toEqual(['an empty request_id']);
    expect(laneKeyProblems('lane', 'é'.repeat(513))).toEqual(['item of 1026 bytes, at most 1024']);
    expect(messageProblems('x'.repeat(1_048_577))).toHaveLength(1);
    expect(messageProblems('"\uffff"')).toHaveLength(1);
    expect(messageProblems('"é🙂"')).toEqual([]);
  });
});
