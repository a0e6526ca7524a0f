import { describe, expect, it } from 'vitest';
import type { Priority } from '../../../src/core/request/record.ts';
import { type FluidRequest, unavoidableWaits } from '../../../src/lab/bench/unavoidable.ts';

/** Four requests a minute. */
const SLOT_MS = 15_000;
/** The fluid has a twentieth less than the quota. */
const FLUID_SLOT_MS = SLOT_MS / 0.95;

function requests(
  count: number,
  priority: Priority,
  everyMs: number,
  fromMs = 0,
  tenant = 'acme',
): FluidRequest[] {
  return Array.from({ length: count }, (_, i) => ({
    priority,
    tenant,
    arrivedAt: fromMs + i * everyMs,
    quotaMs: SLOT_MS,
  }));
}

function urgentWaits(all: FluidRequest[]): number[] {
  const sorted = all.toSorted((a, b) => a.arrivedAt - b.arrivedAt);
  const waits = unavoidableWaits(sorted);
  return sorted.flatMap(({ priority }, index) => (priority === 1 ? [waits[index] ?? 0] : []));
}

describe('the unavoidable wait', () => {
  it('is none while an idle account has a minute to give', () => {
    expect(urgentWaits(requests(4, 1, 0))).toEqual([0, 0, 0, 0]);
  });

  it('is a whole minute for the fifth of a minute of four: none holds more, however Bedrock measures it', () => {
    const waits = urgentWaits(requests(6, 1, 0));
    expect(waits[3]).toBe(0);
    expect(waits[4]).toBeGreaterThan(59_000);
    // Then they flow evenly.
    expect((waits[5] ?? 0) - (waits[4] ?? 0)).toBeCloseTo(FLUID_SLOT_MS, -3);
  });

  it('is until others end, of those that do not fit beside each other with all that they reserve', () => {
    // Sixty times what is charged, for ten seconds: six fit beside each other.
    const burst = Array.from(
      { length: 12 },
      (): FluidRequest => ({
        ...{ priority: 1, tenant: 'acme', arrivedAt: 0, quotaMs: 1_000 },
      }),
    );
    const asCharged = { charged: 1, reserved: 0, runMs: 0 };
    const held = { urgent: { charged: 0.17, reserved: 9.83, runMs: 10_000 }, others: asCharged };
    expect(unavoidableWaits(burst).at(-1)).toBe(0);
    const waits = unavoidableWaits(burst, held);
    expect(waits.slice(0, 6)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(waits.at(-1)).toBeGreaterThan(4_000);
    expect(waits.at(-1)).toBeLessThan(12_000);
  });

  it('is none where a burst of others could have left room', () => {
    const waits = urgentWaits([...requests(100, 5, 0), ...requests(1, 1, 0, 20_000)]);
    expect(waits).toEqual([0]);
  });

  it('is known where nothing is urgent, and others hold the whole minute', () => {
    const nothing = { charged: 0, reserved: 0, runMs: 0 };
    const held = { urgent: nothing, others: { charged: 1, reserved: 5, runMs: 50_000 } };
    const waits = unavoidableWaits(requests(8, 3, 0), held);
    expect(waits.every(Number.isFinite)).toBe(true);
    expect(waits.at(-1)).toBeGreaterThan(60_000);
  });

  it('grows while urgent work alone asks for a little more than the quota', () => {
    const wait = (everyMs: number) => urgentWaits(requests(40, 1, everyMs, 0)).at(-1) ?? 0;
    expect(wait(SLOT_MS * 1.1)).toBe(0);
    expect(wait(SLOT_MS * 0.9)).toBeGreaterThan(40 * 0.1 * SLOT_MS);
  });

  it('is a slot of somebody else, and its own share, among bulk that never ends', () => {
    const waits = urgentWaits([...requests(100, 5, 0), ...requests(5, 1, 60_000, 61_000)]);
    for (const wait of waits) {
      expect(wait).toBeGreaterThan(FLUID_SLOT_MS);
      expect(wait).toBeLessThan(2 * FLUID_SLOT_MS);
    }
  });

  it('grows when urgent requests ask for more than their share', () => {
    const waits = urgentWaits([...requests(100, 2, 0), ...requests(20, 1, 15_000, 61_000)]);
    expect(waits.at(-1)).toBeGreaterThan(3 * (waits[0] ?? 0));
  });

  it('is that of the tenant’s own line: who floods waits longer than who asks for little', () => {
    const flood = requests(60, 1, 0, 0, 'flood');
    const modest = requests(3, 1, 60_000, 61_000, 'modest');
    const all = [...flood, ...modest].toSorted((a, b) => a.arrivedAt - b.arrivedAt);
    const waits = unavoidableWaits(all);
    const longest = (tenant: string) =>
      Math.max(...all.map((it, index) => (it.tenant === tenant ? (waits[index] ?? 0) : 0)));
    expect(longest('modest')).toBeLessThan(3 * FLUID_SLOT_MS);
    expect(longest('flood')).toBeGreaterThan(50 * FLUID_SLOT_MS);
  });
});
