import {
  type BundleLease,
  type BundleLeases,
  type LeasedRelease,
  leaseIdsFrom,
} from '../core/request/bundle-lease.ts';
import { copyOf } from './copies.ts';

export interface MemoryBundleLeases {
  port: BundleLeases;
  /** Those that have not ended. */
  all(): BundleLease[];
}

export function createBundleLeases(): MemoryBundleLeases {
  /** By id, never changed in place. A map keeps the order in which they were written. */
  const leases = new Map<string, BundleLease>();
  const settle = (id: string, ended: readonly LeasedRelease[]): boolean => {
    const lease = leases.get(id);
    if (lease === undefined) return false;
    const releases = lease.releases.filter(
      (it) => !ended.some((end) => end.request_id === it.request_id && end.generation === it.generation),
    );
    if (releases.length === 0) leases.delete(id);
    else leases.set(id, { ...lease, releases });
    return releases.length < lease.releases.length;
  };
  return {
    all: () => [...leases.values()],
    port: {
      async write(lease) {
        leases.set(lease.id, copyOf(lease));
      },
      async settle(_lane, id, ended) {
        settle(id, ended);
      },
      async withdraw(_lane, id, release) {
        return settle(id, [release]);
      },
      async all(lane) {
        return [...leases.values()].filter((it) => it.lane === lane);
      },
      async expired(lane, now, limit) {
        const over = [...leases.values()].filter((it) => it.lane === lane && it.id < leaseIdsFrom(now + 1));
        return over.sort((a, b) => (a.id < b.id ? -1 : 1)).slice(0, limit);
      },
    },
  };
}
