import type { BundleOffers, OfferedBundle } from '../core/request/bundle-offers.ts';

export function createBundleOffers(): BundleOffers {
  const offers = new Map<string, OfferedBundle>();
  return {
    async make(bundle) {
      offers.set(bundle.lease, structuredClone(bundle));
    },
    async list(limit) {
      const oldest = [...offers.values()].sort((a, b) => (a.lease < b.lease ? -1 : 1)).slice(0, limit);
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
