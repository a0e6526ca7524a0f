/**
 * Bundles that workers which run already may take along, of whatever lane. The leader that has offered one takes it back after a
 * while, unless somebody has taken it, and sends it to a worker of its own.
 */
import type { HoldMessage } from './hold-message.ts';

/** How long workers that run have to take a bundle along, before it gets one of its own: they look more than twice in it. */
export const OFFER_MS = 1_000;

export type OfferedBundle = HoldMessage & Required<Pick<HoldMessage, 'lease' | 'bytes' | 'offered'>>;

export interface BundleOffers {
  make(bundle: OfferedBundle): Promise<void>;
  /** The first of all lanes, the oldest first. May lag behind writes. */
  list(limit: number): Promise<OfferedBundle[]>;
  /** Nobody has taken it. Strongly consistent, and cheaper than a vain attempt to take it. */
  stands(lease: string): Promise<boolean>;
  /** True for the one who is to run it; for two, very seldom, whose claims then tell who makes which call. */
  take(lease: string): Promise<boolean>;
}

export function isOffered(message: HoldMessage): message is OfferedBundle {
  return message.lease !== undefined && message.bytes !== undefined && message.offered === true;
}
