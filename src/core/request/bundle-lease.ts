/**
 * The lease of a bundle: what a leader notes before it releases one, so that nothing of it is lost with its worker. While it
 * exists, its releases have not all ended, or not all their results were sent. One small item for up to forty requests costs
 * much less than an entry of each in an index, and a mark of each that its result was sent.
 */
import { randomUUID } from 'node:crypto';
import type { Release } from './hold-message.ts';

/** A release of the bundle that is not known to have ended. No record tells of it before it is claimed. */
export type LeasedRelease = Pick<Release, 'request_id' | 'generation'>;

export interface BundleLease {
  lane: string;
  /** Sorts by the time at which the lease is over. */
  id: string;
  /** Epoch milliseconds, as in the records of its releases. */
  released_at: number;
  releases: LeasedRelease[];
}

export interface BundleLeases {
  write(lease: BundleLease): Promise<void>;
  /** These have ended and their results were sent. The lease is gone with the last of its releases. Idempotent. */
  settle(lane: string, id: string, ended: readonly LeasedRelease[]): Promise<void>;
  /** For one whose record has moved on unclaimed: true for one of those who ask, who tells that it has ended. */
  withdraw(lane: string, id: string, release: LeasedRelease): Promise<boolean>;
  /** All of a lane. Strongly consistent. */
  all(lane: string): Promise<BundleLease[]>;
  /** Leases that were over at `now` (epoch milliseconds), the oldest first. Strongly consistent. */
  expired(lane: string, now: number, limit: number): Promise<BundleLease[]>;
}

/** A new id. */
export function leaseIdUntil(until: number): string {
  return `${leaseIdsFrom(until)}-${randomUUID()}`;
}

/** When the lease of this id is over, epoch milliseconds. */
export function leaseEnd(id: string): number {
  return Number.parseInt(id, 10);
}

/** What sorts before all ids of leases that are over at this time or later. */
export function leaseIdsFrom(until: number): string {
  return String(until).padStart(15, '0');
}
