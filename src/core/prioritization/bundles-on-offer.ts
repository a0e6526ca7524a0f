/**
 * Bundles on their way to workers: those that a leader has offered to workers which run already, until one takes them along or they get
 * a worker of their own, and those that could not be sent.
 */
import type { Clock } from '../clock.ts';
import { concurrently } from '../concurrently.ts';
import type { Log } from '../log.ts';
import { leaseIdsFrom } from '../request/bundle-lease.ts';
import { type BundleOffers, isOffered, OFFER_MS, type OfferedBundle } from '../request/bundle-offers.ts';
import { ReleasesNotSentError } from '../request/errors.ts';
import type { HoldMessage } from '../request/hold-message.ts';
import type { HoldQueue } from '../request/ports.ts';

const CONCURRENT_CALLS = 50;

interface Offer {
  bundle: HoldMessage;
  /** Epoch milliseconds. */
  until: number;
  /** `ours`: it is to be sent, as nobody has taken it along, or can any more. `gone`: somebody has, or it has been sent. */
  state: 'open' | 'ours' | 'gone';
}

export interface OfferPorts {
  offers: Pick<BundleOffers, 'make' | 'stands' | 'take'>;
  hold: HoldQueue;
  clock: Clock;
  log: Log;
}

export class BundlesOnOffer {
  readonly #ports: OfferPorts;
  #offers: Offer[] = [];

  constructor(ports: OfferPorts) {
    this.#ports = ports;
  }

  /** Whether it is offered. */
  async make(bundle: OfferedBundle): Promise<boolean> {
    const { offers, clock, log } = this.#ports;
    try {
      await offers.make(bundle);
    } catch (error) {
      log('offer.failed', { lane: bundle.lane, error: String(error) });
      return false;
    }
    this.#offers.push({ bundle, until: clock.now() + OFFER_MS, state: 'open' });
    return true;
  }

  /** Sends these to workers of their own. What fails is tried again by {@link settle}: nothing but a lease tells of it. */
  async send(bundles: readonly HoldMessage[]): Promise<void> {
    const ours = bundles.map((bundle): Offer => ({ bundle, until: Number.NEGATIVE_INFINITY, state: 'ours' }));
    this.#offers.push(...ours);
    await this.#send(ours);
  }

  /** Sends those to workers of their own that nobody has taken along by `now`. What fails is tried again by the next call. */
  async settle(now: number): Promise<void> {
    const due = this.#offers.filter(({ until }) => until <= now);
    const [taken] = await Promise.allSettled([
      concurrently(due, CONCURRENT_CALLS, async (offer) => {
        if (offer.state === 'open') offer.state = (await this.#takeBack(offer.bundle)) ? 'ours' : 'gone';
      }),
    ]);
    if (taken.status === 'rejected') this.#failed('offer.failed', due, taken.reason);
    await this.#send(due);
  }

  /** Something could not be sent yet. */
  get owes(): boolean {
    return this.#offers.some(({ state }) => state === 'ours');
  }

  /** When its leader leaves the lane: workers have as long for the last ones as for all others. */
  async settleAll(): Promise<void> {
    const { clock } = this.#ports;
    const lastUntil = Math.max(...this.#offers.map(({ until }) => until));
    if (lastUntil > clock.now()) await clock.sleep(lastUntil - clock.now());
    await this.settle(Number.POSITIVE_INFINITY);
  }

  async #send(due: readonly Offer[]): Promise<void> {
    const over = leaseIdsFrom(this.#ports.clock.now());
    // By then its requests have been brought back, and its worker counts no more.
    for (const offer of due) if ((offer.bundle.lease ?? over) < over) offer.state = 'gone';
    const ours = due.filter(({ state }) => state === 'ours');
    if (ours.length > 0) {
      try {
        await this.#ports.hold.send(ours.map(({ bundle }) => ({ ...bundle, offered: undefined })));
        for (const offer of ours) offer.state = 'gone';
      } catch (error) {
        this.#failed('bundle.unsent', ours, error);
        const unsent =
          error instanceof ReleasesNotSentError ? error.unsent : ours.map(({ bundle }) => bundle);
        const leases = new Set(unsent.map(({ lease }) => lease));
        for (const offer of ours) if (!leases.has(offer.bundle.lease)) offer.state = 'gone';
      }
    }
    this.#offers = this.#offers.filter(({ state }) => state !== 'gone');
  }

  #failed(event: string, [first]: readonly Offer[], error: unknown): void {
    this.#ports.log(event, { lane: first?.bundle.lane, error: String(error) });
  }

  async #takeBack(bundle: HoldMessage): Promise<boolean> {
    const { offers } = this.#ports;
    return isOffered(bundle) && (await offers.stands(bundle.lease)) && (await offers.take(bundle.lease));
  }
}
