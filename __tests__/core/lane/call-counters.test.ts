import { describe, expect, it } from 'vitest';
import { countersOf, freedBy, heldBy, slotReportOf } from '../../../src/core/lane/call-counters.ts';
import type { CallEnd, CallReport } from '../../../src/core/lane/call-report.ts';

function reported(fields: Partial<CallReport> & { end: CallEnd }) {
  const counters = countersOf({
    ...{ releasedAt: 0, startedAt: 100, finishedAt: 1_100 },
    ...{ reservedTokens: 1_000, chargedTokens: 0 },
    ...{ estimatedInputTokens: 0, inputTokens: 0, outputTokens: 0 },
    tenant: 'acme',
    served: { priority: 3, expectedTokens: 400 },
    ...fields,
  });
  return slotReportOf({ slot: 0, counters });
}

describe('what a tenant gets back of its share', () => {
  it.each<[CallEnd, number, number]>([
    ['settled', 150, -250],
    ['settled', 700, 300],
    ['throttled', 0, -400],
    ['not_started', 0, -400],
    ['invalid', 0, 0],
    ['denied', 0, 0],
    ['faulted', 0, 0],
    ['timed_out', 1_000, 600],
  ])('of a call that ended %s with a charge of %i: %i', (end, chargedTokens, tokens) => {
    expect(reported({ end, chargedTokens }).owed).toEqual([{ priority: 3, tenant: 'acme', tokens }]);
  });
});

describe('whose call it was', () => {
  it.each([
    ['transient', 'transients'],
    ['faulted', 'faults'],
  ] as const)('is told of one that ended %s', (end, list) => {
    expect(reported({ end })[list]).toEqual([['acme', 1]]);
  });

  it('is not told of one that was answered, unless it was a probe', () => {
    const { transients, faults, probes } = reported({ end: 'settled' });
    expect([transients, faults, probes]).toEqual([[], [], []]);
    expect(reported({ end: 'settled', probe: true }).probes).toEqual([{ tenant: 'acme', end: 'settled' }]);
  });
});

describe('an input of media', () => {
  it('is told by its kind, and not among texts', () => {
    const report = reported({
      ...{ end: 'settled', inputKind: 'pdf', estimatedInputTokens: 2_000, inputTokens: 500 },
    });
    expect(report.media).toEqual([['pdf', { calls: 1, ratio: 250, ratio_squared: 62_500 }]]);
    expect([report.estimated_input, report.input]).toEqual([0, 0]);
  });
});

describe('a worker that waits for long', () => {
  const holdersOf = (counters: Record<string, number>) => slotReportOf({ slot: 0, counters }).holders;
  const of = (...tenants: string[]) => tenants.map((tenant) => ({ tenant }));
  const calls = of(...Array(6).fill('acme'), ...Array(3).fill('globex'), 'initech');

  it('is held by those whose calls it waits for, each by its part of them', () => {
    expect(holdersOf(heldBy(0, calls))).toEqual([
      ['acme', 0.6],
      ['globex', 0.3],
      ['initech', 0.1],
    ]);
    expect(holdersOf(heldBy(0, of('acme')))).toEqual([['acme', 1]]);
  });

  it('counts as no more than one worker, however many tenants share it, and as none once it is free', () => {
    const many = of(...Array.from({ length: 40 }, (_, call) => `tenant-${call % 7}`));
    const held = holdersOf(heldBy(0, many)).reduce((sum, [, part]) => sum + part, 0);
    expect(held).toBeGreaterThan(0.5);
    expect(held).toBeLessThanOrEqual(1.001);
    expect(holdersOf({ ...heldBy(0, many), ...freedBy(many) })).toEqual([]);
  });
});
