import type { BundleOffers, OfferedBundle } from '../core/request/bundle-offers.ts';

export function createBundleOffers(): BundleOffers {
  const offers = new Map<string, OfferedBundle>();
  return {
    async make(bundle) {
      offers.set(bundle.lease, structuredClone(bundle));
    },
    async list(limit) {
      const oldest = [...offers.values()].sort((a, b) => timeOf(a).localeCompare(timeOf(b))).slice(0, limit);
      return oldest.map((it) => structuredClone(it));
    },
    async stands(lease) {
      return offers.has(lease);
    },
    async take(lease) {
      return offers.delete(lease);
    },
  };
}

/** By it, and not by the random part of the id, so that a virtual run depends on nothing but its seed. */
function timeOf({ lease }: OfferedBundle): string {
  return lease.slice(0, lease.indexOf('-'));
}
