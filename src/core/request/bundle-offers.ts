/**
 * Bundles that workers which run already may take along, of whatever lane. Each is also on its way to a worker of its own, which
 * begins a little later, and runs it unless somebody has taken it.
 */
import type { HoldMessage } from './hold-message.ts';

/** How long workers that run have to take a bundle along, before it gets one of its own. SQS delays by whole seconds. */
export const OFFER_SECONDS = 1;

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
