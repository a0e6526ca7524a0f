import { describe, expect, it } from 'vitest';
import { slotOf } from '../../../../src/core/lane/call-report.ts';
import { ReportPartitions } from '../../../../src/core/lane/engine/report-partitions.ts';
import { ANY_PARTITION } from '../../../../src/core/lane/ports.ts';

const NOW = 1_000_000_000;
const FAST = 10_000;

describe('the reports of a lane', () => {
  it('are all in the first partition while few go out, but for those of a predecessor', () => {
    const partitions = new ReportPartitions();
    expect(partitions.of(slotOf(NOW), NOW)).toBe(ANY_PARTITION);
    expect(partitions.assign(NOW, 100)).toBe(0);
    // A predecessor may have released in this very slot.
    expect(partitions.of(slotOf(NOW), NOW + 1_000)).toBe(ANY_PARTITION);
    expect(partitions.assign(NOW + 1_000, 100)).toBe(0);
    expect(partitions.of(slotOf(NOW) + 1, NOW + 1_000)).toBe(0);
  });

  it('are in any while many go out, until those have been reported', () => {
    const partitions = new ReportPartitions();
    partitions.assign(NOW, 100);
    expect(partitions.assign(NOW + 5_000, FAST)).toBe(ANY_PARTITION);
    expect(partitions.assign(NOW + 6_000, 100)).toBe(0);
    expect(partitions.of(slotOf(NOW + 5_000), NOW + 7_000)).toBe(ANY_PARTITION);
    expect(partitions.of(slotOf(NOW + 6_000), NOW + 7_000)).toBe(0);
  });

  it('are looked for in all of them where releases have been out for long: their worker may be of an earlier release', () => {
    const partitions = new ReportPartitions();
    partitions.assign(NOW, 100);
    const slot = slotOf(NOW + 1_000);
    expect(partitions.of(slot, NOW + 20_000)).toBe(0);
    expect(partitions.of(slot, NOW + 40_000)).toBe(ANY_PARTITION);
  });
});
