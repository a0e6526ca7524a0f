/** In which of a lane's partitions the reports of its calls are. Each that has to be read is a query in every tick. */
import { slotOf } from '../call-report.ts';
import { ANY_PARTITION, type ReportPartition } from '../ports.ts';

/**
 * So many requests a minute report to the first partition alone: a tenth of the thousand writes a second that a partition takes, as
 * a report may be larger than a kilobyte.
 */
const FEW_A_MINUTE = 6_000;
/** A worker of an earlier release reports to any: releases that have been out for longer are asked after in all of them ... */
const RECENT_MS = 30_000;
/** ... until this long after a leader of this one has begun, as an upgrade replaces both. Lambda stops a worker after 15 minutes. */
const UPGRADE_MS = 30 * 60_000;

export class ReportPartitions {
  /** Releases of earlier slots may have been told to report to any; undefined: all may, as a predecessor has told them. */
  #anyBefore: number | undefined;

  /** @param anyBefore as a predecessor's snapshot has it */
  constructor(anyBefore?: number) {
    this.#anyBefore = anyBefore;
  }

  snapshot(): number | undefined {
    return this.#anyBefore;
  }

  /** Where the releases of a tick are to report. */
  assign(now: number, releasedInLastMinute: number): ReportPartition {
    const isFast = releasedInLastMinute > FEW_A_MINUTE;
    if (isFast || this.#anyBefore === undefined) this.#anyBefore = slotOf(now) + 1;
    return isFast ? ANY_PARTITION : 0;
  }

  /** Where the reports of this slot and later ones are. */
  of(fromSlot: number, now: number): ReportPartition {
    const anyBefore = this.#anyBefore ?? Number.POSITIVE_INFINITY;
    const isUpgraded = slotOf(now - UPGRADE_MS) >= anyBefore;
    return fromSlot < (isUpgraded ? anyBefore : Math.max(anyBefore, slotOf(now - RECENT_MS)))
      ? ANY_PARTITION
      : 0;
  }
}
