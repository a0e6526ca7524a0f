/** Bundles that a leader has offered to workers which run already: what none of them takes along gets a worker of its own. */
import type { Clock } from '../clock.ts';
import { concurrently } from '../concurrently.ts';
import type { Log } from '../log.ts';
import { type BundleOffers, OFFER_MS, type OfferedBundle } from '../request/bundle-offers.ts';
import type { HoldMessage } from '../request/hold-message.ts';
import type { HoldQueue } from '../request/ports.ts';

const CONCURRENT_CALLS = 50;

interface Offer {
  bundle: OfferedBundle;
  /** Epoch milliseconds. */
  until: number;
  /** `ours`: nobody has taken it along, or can any more. `gone`: somebody has, or it has been sent. */
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

  /** Sends those to workers of their own that nobody has taken along by `now`. What fails is tried again by the next call. */
  async settle(now: number): Promise<void> {
    const { hold, log } = this.#ports;
    const due = this.#offers.filter(({ until }) => until <= now);
    const [taken] = await Promise.allSettled([
      concurrently(due, CONCURRENT_CALLS, async (offer) => {
        if (offer.state === 'open') offer.state = (await this.#takeBack(offer.bundle)) ? 'ours' : 'gone';
      }),
    ]);
    const ours = due.filter(({ state }) => state === 'ours');
    const messages = ours.map(({ bundle }): HoldMessage => ({ ...bundle, offered: undefined }));
    const [sent] = await Promise.allSettled([messages.length > 0 ? hold.send(messages) : undefined]);
    if (sent.status === 'fulfilled') for (const offer of ours) offer.state = 'gone';
    this.#offers = this.#offers.filter(({ state }) => state !== 'gone');
    for (const outcome of [taken, sent]) {
      if (outcome.status === 'rejected') {
        log('offer.failed', { lane: due[0]?.bundle.lane, error: String(outcome.reason) });
      }
    }
  }

  /** When its leader leaves the lane: workers have as long for the last ones as for all others. */
  async settleAll(): Promise<void> {
    const { clock } = this.#ports;
    const lastUntil = Math.max(...this.#offers.map(({ until }) => until));
    if (lastUntil > clock.now()) await clock.sleep(lastUntil - clock.now());
    await this.settle(Number.POSITIVE_INFINITY);
  }

  async #takeBack({ lease }: OfferedBundle): Promise<boolean> {
    const { offers } = this.#ports;
    return (await offers.stands(lease)) && (await offers.take(lease));
  }
}
