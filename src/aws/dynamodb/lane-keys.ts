/** Keys of the lanes table: docs/architecture.md, "Lanes table". */
import { createHash } from 'node:crypto';

/** Announcements and reports of one lane are spread over this many partitions. */
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

export function shardsOf(lane: string, kind: 'queues' | 'reports'): string[] {
  return Array.from({ length: SHARDS }, (_, shard) => `${lane}|${kind}|${shard}`);
}

/** The partition in which a backlog key is announced. */
export function queuePartition(lane: string, backlogKey: string): string {
  const shard = (createHash('md5').update(backlogKey).digest()[0] ?? 0) % SHARDS;
  return `${lane}|queues|${shard}`;
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
