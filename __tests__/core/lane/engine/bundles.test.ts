import { describe, expect, it } from 'vitest';
import { BundlePacer, type WorkerUse } from '../../../../src/core/lane/engine/bundles.ts';
import { BUNDLE_BYTES } from '../../../../src/core/request/hold-message.ts';
import type { BacklogEntry } from '../../../../src/core/request/ports.ts';
import { entryOf } from '../../../fixtures/entries.ts';

const USE: WorkerUse = { workers: 30, taken: 0, runMs: 5_000 };

/** Releases `entries` in one tick; returns the bundle of each that a worker could take. */
function tick(departures: BundlePacer, now: number, entries: BacklogEntry[], use: Partial<WorkerUse> = {}) {
  const bundles = departures.begin(now, { ...USE, ...use });
  return entries.flatMap((entry) => (bundles.admits(entry) ? [bundles.add(entry)] : []));
}

const some = (count: number, fields: Partial<BacklogEntry> = {}) =>
  Array.from({ length: count }, (_, i) => entryOf(i, fields));

/** Bundles opened by one release every 200 ms for a minute, while so many workers are taken. */
function openedInAMinute(use: Partial<WorkerUse>): number {
  const departures = new BundlePacer();
  let opened = 0;
  for (let now = 0; now < 60_000; now += 200) opened += tick(departures, now, some(1), use).length;
  return opened;
}

describe('a bundle', () => {
  it('holds forty releases', () => {
    expect(tick(new BundlePacer(), 0, some(42))).toEqual([...Array(40).fill(0), 1, 1]);
  });

  it('holds no more bytes than a worker has memory for', () => {
    const large = some(3, { input_bytes: BUNDLE_BYTES * 0.4 });
    expect(tick(new BundlePacer(), 0, large)).toEqual([0, 0, 1]);
  });
});

describe('workers', () => {
  it('are all that may be taken', () => {
    expect(tick(new BundlePacer(), 0, some(200, { priority: 1 }), { workers: 3 })).toHaveLength(120);
    expect(tick(new BundlePacer(), 0, some(100, { priority: 1 }), { workers: 3, taken: 3 })).toHaveLength(0);
  });

  it('while many are free, every tick may open a bundle; while few are, releases gather', () => {
    expect(openedInAMinute({ taken: 0 })).toBe(300);
    const scarce = openedInAMinute({ taken: 26 });
    expect(scarce).toBeGreaterThan(10);
    // Two are free beside those kept: ten in a run time.
    expect(scarce).toBeLessThanOrEqual((60 / 5) * 10 + 1);
  });

  it('are shared with the lanes that want them too', () => {
    const alone = openedInAMinute({ taken: 26 });
    const three = openedInAMinute({ taken: 26, rivals: 3 });
    expect(three).toBeLessThan(alone * 0.5);
  });

  it('an urgent request neither gathers nor leaves any free, and takes others along', () => {
    const departures = new BundlePacer();
    const few = { taken: 27 };
    expect(tick(departures, 0, some(1), few)).toEqual([0]);
    expect(tick(departures, 200, some(1), few)).toEqual([]);
    const mixed = [entryOf(1, { priority: 1 }), entryOf(2)];
    expect(tick(departures, 400, mixed, few)).toEqual([0, 0]);
    // The last two are kept for it.
    expect(tick(departures, 100_000, some(1), { taken: 28 })).toEqual([]);
    expect(tick(departures, 100_000, some(1, { priority: 1 }), { taken: 28 })).toEqual([0]);
  });
});

describe('the last workers, while several tenants have work', () => {
  const USED = { taken: 25, shared: true };
  const many = new Map([
    ['hangs', 10],
    ['hangs-too', 5],
  ]);

  it('are kept from those whose calls hold as many for long, urgent ones too', () => {
    const bundles = new BundlePacer().begin(0, { ...USE, ...USED, holders: many });
    for (const priority of [1, 3] as const) {
      expect(bundles.isKeptFrom(entryOf(1, { tenant: 'hangs', priority }))).toBe(true);
      expect(bundles.isKeptFrom(entryOf(1, { tenant: 'guest', priority }))).toBe(false);
    }
    // Where calls of everybody take long, each holds about as many.
    const all = new BundlePacer().begin(0, { ...USE, ...USED, holders: many, leastHeld: 5 });
    expect(all.isKeptFrom(entryOf(1, { tenant: 'hangs' }))).toBe(false);
    // Control: those who hold fewer, and a lane of one tenant, in which all workers are its own.
    const rest = new Map([...many, ['hangs', 4], ['others', 6]]);
    const few = new BundlePacer().begin(0, { ...USE, ...USED, holders: rest });
    const alone = new BundlePacer().begin(0, { ...USE, taken: 25, holders: many });
    for (const it of [few, alone]) expect(it.isKeptFrom(entryOf(1, { tenant: 'hangs' }))).toBe(false);
  });

  it('are kept from nobody while only some calls take a little longer than others', () => {
    for (const workers of [6, 12, 30]) {
      const holders = new Map([['slower', workers / 2 - 1]]);
      const bundles = new BundlePacer().begin(0, { ...USE, workers, taken: workers, shared: true, holders });
      expect(bundles.isKeptFrom(entryOf(1, { tenant: 'slower' }))).toBe(false);
    }
  });

  it('are not reached by a bundle that takes one of the others', () => {
    const bundles = new BundlePacer().begin(0, { ...USE, taken: 24, shared: true, holders: many });
    const entry = entryOf(1, { tenant: 'hangs' });
    expect(bundles.isKeptFrom(entry)).toBe(false);
    bundles.add(entry);
    expect(bundles.isKeptFrom(entry)).toBe(false);
  });

  it('are taken one after the other, until it is known whose calls hold them', () => {
    const pacer = new BundlePacer();
    expect(tick(pacer, 0, some(80), USED)).toHaveLength(40);
    expect(tick(pacer, 1_000, some(1), { ...USED, taken: 26 })).toEqual([]);
    expect(tick(pacer, 2_500, some(1), { ...USED, taken: 26 })).toEqual([0]);
    // Half of them are open to urgent ones at any time.
    expect(tick(pacer, 2_600, some(1, { priority: 1 }), { ...USED, taken: 26 })).toEqual([0]);
    expect(tick(pacer, 2_700, some(1, { priority: 1 }), { ...USED, taken: 28 })).toEqual([]);
  });
});
