/** What one round of an engine takes in, and what it decides. */
import type { BacklogEntry } from '../../request/ports.ts';
import type { SlotTotals } from '../call-counters.ts';
import type { Limits } from '../catalog/limits.ts';
import type { ReportPartition, SettingThatBinds } from '../ports.ts';
import type { Weights } from './fair-queues.ts';
import type { Sizing } from './sizing.ts';

export interface TickInput extends Weights {
  now: number;
  /** Reports of {@link LaneEngine.reportsFrom} and later. */
  reports: readonly SlotTotals[];
  /** Heads of the backlog's queues: each in order of arrival. */
  queues: readonly (readonly BacklogEntry[])[];
  limits: Limits;
  /** Limits that nobody has confirmed: no request fails because it exceeds one of them. */
  assumed?: readonly (keyof Limits)[];
  /** Workers that may take bundles of this lane in all, those that it has already included. */
  workers: number;
  /** The variable that says how many there are; `max_concurrent_executions` unless given. */
  workersSetting?: SettingThatBinds;
  /** Lanes that have work waiting for these workers, this one included; 1 unless given. */
  rivals?: number;
  /** An operator has stopped the lane. */
  paused: boolean;
  /** Leaves requests out whose tenants may not spend so much now; absent: nobody has a budget. */
  budgets?: {
    admits(entry: BacklogEntry, size: Sizing): boolean;
    took(entry: BacklogEntry, size: Sizing): void;
  };
}

export interface EngineRelease extends Sizing {
  entry: BacklogEntry;
  /** Releases of the same number travel together. */
  bundle: number;
  /** It finds out whether Bedrock serves the lane, or its model id, again. */
  probe: boolean;
}

export interface Decisions {
  /** Epoch milliseconds of all releases. */
  releasedAt: number;
  /** To which they report. */
  partition: ReportPartition;
  releases: EngineRelease[];
  /** Past their deadline before they spent anything. */
  expired: BacklogEntry[];
  /** Larger than the whole quota: they can never run. */
  oversized: (Sizing & { entry: BacklogEntry })[];
}
