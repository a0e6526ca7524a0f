/** Keys of the lanes table: docs/architecture.md, "Lanes table". */

/** Reports of one lane are spread over this many partitions, and so were announcements in earlier releases. */
const SHARDS = 4;

export interface LaneItemKey {
  lane: string;
  item: string;
}

/** Small: every batch of ingestion reads it. */
export function stateKey(lane: string): LaneItemKey {
  return { lane, item: 'state' };
}

/** What a leader writes at its ticks: only leaders read it. */
export function planKey(lane: string): LaneItemKey {
  return { lane, item: 'plan' };
}

/** What a leader has learned. */
export function estimatesKey(lane: string): LaneItemKey {
  return { lane, item: 'estimates' };
}

/** What the operator said. */
export function controlKey(lane: string): LaneItemKey {
  return { lane, item: 'control' };
}

/** Accounts of budgets: the tenants of a UTC day (`2026-11-26`) share a partition. */
export function budgetsPartition(day: string): string {
  return `budgets|${day}`;
}

/** What Service Quotas last said. */
export function quotaKey(lane: string): LaneItemKey {
  return { lane, item: 'quota' };
}

/** Bundles of all lanes that workers may take along. */
export const OFFERS_PARTITION = 'offers';
export const REGISTRY_PARTITION = 'lanes';
export const SETTINGS_KEY: LaneItemKey = { lane: 'settings', item: 'variables' };

/** Where backlog keys are announced: one partition, because a leader reads all of them twice a second. */
export function queuesPartition(lane: string): string {
  return `${lane}|queues|0`;
}

/** Where earlier releases announced most of them. */
export function earlierQueuesPartitions(lane: string): string[] {
  return Array.from({ length: SHARDS - 1 }, (_, shard) => `${lane}|queues|${shard + 1}`);
}

export function reportPartitions(lane: string): string[] {
  return Array.from({ length: SHARDS }, (_, shard) => reportPartition(lane, shard));
}

/** The partition to which a report is added: any, unless one is given. */
export function reportPartition(lane: string, partition = Math.floor(Math.random() * SHARDS)): string {
  return `${lane}|reports|${partition}`;
}

/** Leases of the bundles that are out. */
export function leasesPartition(lane: string): string {
  return `${lane}|leases`;
}

/** Slot numbers sort as text. */
export function slotItem(slot: number): string {
  return String(slot).padStart(12, '0');
}
