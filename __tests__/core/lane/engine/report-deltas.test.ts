import { describe, expect, it } from 'vitest';
import { slotReportOf } from '../../../../src/core/lane/call-counters.ts';
import { slotOf } from '../../../../src/core/lane/call-report.ts';
import { endsOf, ReportDeltas } from '../../../../src/core/lane/engine/report-deltas.ts';

const NOW = 1_000_000_000;

/** Deltas beside a ledger whose first slot, and first unfinished one, are these. */
function deltasOf(first: number | undefined, unfinished: number | undefined, unheard?: ReadonlySet<number>) {
  const ledger = {
    first,
    unfinished,
    firstSlot: () => ledger.first,
    firstUnfinishedSlot: () => ledger.unfinished,
    awaitsDebts: false,
    report: () => undefined,
  };
  return { deltas: new ReportDeltas(ledger, unheard), ledger };
}

describe('reports', () => {
  it('are read from the first release that counts, then of what is recent, and now and then of all that is open', () => {
    const [counting, open] = [slotOf(NOW - 90_000), slotOf(NOW - 60_000)];
    const { deltas } = deltasOf(counting, open);
    expect(deltas.from(NOW)).toBe(counting);
    deltas.takeIn([], NOW);
    expect(deltas.from(NOW + 200)).toBe(slotOf(NOW + 200 - 20_000));
    expect(deltas.from(NOW + 5_000)).toBe(open);
    expect(deltas.from(NOW + 5_200)).toBe(slotOf(NOW + 5_200 - 20_000));
  });

  it('that may tell of debts are all read every second', () => {
    const open = slotOf(NOW - 60_000);
    const { deltas, ledger } = deltasOf(open, open);
    deltas.from(NOW);
    deltas.takeIn([], NOW);
    ledger.awaitsDebts = true;
    expect(deltas.from(NOW + 900)).toBe(slotOf(NOW + 900 - 20_000));
    expect(deltas.from(NOW + 1_000)).toBe(open);
  });

  it('are awaited while something is open, and by a successor', () => {
    const { deltas, ledger } = deltasOf(undefined, undefined);
    expect(deltas.awaited).toBe(true);
    deltas.takeIn([], NOW);
    expect(deltas.awaited).toBe(false);
    ledger.unfinished = 1;
    expect(deltas.awaited).toBe(true);
  });
});

describe('the deltas', () => {
  it('are what was counted since the last look, and never what a predecessor has seen', () => {
    const { deltas } = deltasOf(7, 7);
    expect(deltas.takeIn([{ slot: 7, counters: { ended: 1, settled: 1 } }], NOW)).toEqual([]);
    const more = { slot: 7, counters: { ended: 3, settled: 2, throttled: 1 } };
    expect(deltas.takeIn([more], NOW)).toEqual([
      slotReportOf({ slot: 7, counters: { ended: 2, settled: 1, throttled: 1 } }),
    ]);
    expect(deltas.takeIn([more], NOW)).toEqual([]);
  });

  it('are counted once where more is released in the slot of an answer that came at once', () => {
    const slot = slotOf(NOW);
    const { deltas, ledger } = deltasOf(slot, slot);
    deltas.takeIn([], NOW);
    ledger.unfinished = undefined;
    const throttled = { ended: 1, throttled: 1 };
    expect(deltas.takeIn([{ slot, counters: throttled }], NOW + 200)).toHaveLength(1);
    ledger.unfinished = slot;
    expect(deltas.takeIn([{ slot, counters: throttled }], NOW + 400)).toEqual([]);
  });

  it('are all of what a predecessor left before anything was reported of it', () => {
    const { deltas } = deltasOf(7, 7, new Set([8]));
    const counters = { ended: 1, settled: 1 };
    expect(
      deltas.takeIn(
        [
          { slot: 7, counters },
          { slot: 8, counters },
        ],
        NOW,
      ),
    ).toEqual([slotReportOf({ slot: 8, counters })]);
  });

  it('say what became of calls', () => {
    const report = slotReportOf({
      slot: 4,
      counters: {
        ...{ settled: 2, throttled: 1, invalid: 1, transient: 5, faulted: 1 },
        ...{ 'served.model.a': 2, 'denied.b:0': 2 },
        ...{ 'transient.acme.eu': 4, 'transient.shop': 1, 'faulted.shop': 1, 'probe.settled.acme.eu': 1 },
      },
    });
    expect(endsOf(report, 3)).toEqual({
      slot: 4,
      running: 3,
      releasedAt: 2_000,
      settled: 2,
      throttled: 1,
      answered: 4,
      transient: 5,
      faulted: 1,
      daily: 0,
      transients: [
        ['acme.eu', 4],
        ['shop', 1],
      ],
      faults: [['shop', 1]],
      probes: [{ tenant: 'acme.eu', end: 'settled' }],
      servedModels: ['model.a'],
      deniedModels: [['b:0', 2]],
    });
  });
});
