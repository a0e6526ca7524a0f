import { describe, expect, it } from 'vitest';
import { boundaryCases } from '../../../src/lab/crash/boundaries.ts';
import { UnknownCaseError } from '../../../src/lab/crash/errors.ts';
import { SCENARIOS } from '../../../src/lab/crash/scenarios.ts';
import { PARTS, replayCase } from '../../../src/lab/crash/suite.ts';

describe('a slice of the enumeration', () => {
  it.each(PARTS)('$name: breaks no invariant', async (part) => {
    const { cases, broken } = await part.run({ extent: 'slice' });
    expect(broken).toEqual([]);
    expect(cases).toBeGreaterThan(0);
  });
});

describe('a case', () => {
  it('has an id of its own, by which it can be played again', async () => {
    const scenario = SCENARIOS.find(({ name }) => name === 'small output');
    if (scenario === undefined) throw new Error('No such scenario');
    const cases = await boundaryCases(scenario, { extent: 'all' });
    const ids = cases.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(await replayCase(ids[0] ?? '')).toEqual({ steps: [], invariants: [] });
  });

  it('of a race is played again step by step', async () => {
    const race = PARTS.find(({ name }) => name.includes('two leaders'))?.name;
    const { steps, invariants } = await replayCase(`${race}/0.0.1`);
    expect(steps.length).toBeGreaterThan(3);
    expect(steps[0]).toMatch(/^first: /);
    expect(invariants).toEqual([]);
  });

  it('that does not exist is said to be unknown', async () => {
    await expect(replayCase('invocation/small output/999/cut-before')).rejects.toThrow(UnknownCaseError);
    await expect(replayCase('nonsense')).rejects.toThrow(UnknownCaseError);
  });
});
