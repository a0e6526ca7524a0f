/** Carries out what a tick has decided: each release gets a lease and is sent, and what cannot be released ends. */
import { concurrently, throwFirst } from '../concurrently.ts';
import type { Limits } from '../lane/catalog/limits.ts';
import type { LaneEngine } from '../lane/engine/engine.ts';
import type { Decisions, EngineRelease } from '../lane/engine/tick.ts';
import { isOffered } from '../request/bundle-offers.ts';
import { requestError } from '../request/error-types.ts';
import type { HoldMessage } from '../request/hold-message.ts';
import type { BacklogEntry } from '../request/ports.ts';
import type { RequestError } from '../request/record.ts';
import { BundlesOnOffer } from './bundles-on-offer.ts';
import type { LaneBudgets } from './lane-budgets.ts';
import type { PrioritizationPorts } from './ports.ts';
import { deadlinePassed, endWaiting } from './recovery.ts';
import { type BundlesOptions, bundlesOf, type Sharing, UNSHARED } from './release-bundles.ts';

const CONCURRENT_WRITES = 50;

export interface ReleasesOptions extends BundlesOptions {
  engine: Pick<LaneEngine, 'refund'>;
  budgets: Pick<LaneBudgets, 'has' | 'refund'>;
}

export class Releases {
  readonly #ports: PrioritizationPorts;
  readonly #options: ReleasesOptions;
  readonly #onOffer: BundlesOnOffer;
  #released = 0;

  constructor(ports: PrioritizationPorts, options: ReleasesOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#onOffer = new BundlesOnOffer(ports);
  }

  /**
   * After the plan that counts the releases has been written.
   * @param keep is told what could not be released: it waits on
   */
  async carryOut(
    decisions: Decisions,
    sharing: Sharing,
    limits: Limits,
    keep: (entries: readonly BacklogEntry[]) => void,
  ): Promise<void> {
    const { expired, oversized } = decisions;
    const releases = this.#release(decisions, sharing, keep);
    const ends = concurrently(expired, CONCURRENT_WRITES, (entry) =>
      endWaiting(this.#ports, entry, { status: 'EXPIRED', error: deadlinePassed(entry.deadline_at) }),
    );
    const failures = concurrently(oversized, CONCURRENT_WRITES, ({ entry, reserved }) =>
      endWaiting(this.#ports, entry, { status: 'FAILED', error: tooLarge(reserved, limits) }),
    );
    throwFirst(await Promise.allSettled([releases, ends, failures]));
  }

  /** Under leases: until its claim, only its bundle's lease tells of a release. */
  async #release(
    decisions: Decisions,
    sharing: Sharing,
    keep: (entries: readonly BacklogEntry[]) => void,
  ): Promise<void> {
    const { leases, log } = this.#ports;
    const messages: HoldMessage[] = [];
    const bundles = [...bundlesOf(decisions, sharing, this.#options).values()];
    try {
      await concurrently(bundles, CONCURRENT_WRITES, async ({ lease, message, releases }) => {
        try {
          await leases.write(lease);
        } catch (error) {
          this.#refund(decisions, releases);
          keep(releases.map(({ entry }) => entry));
          throw error;
        }
        messages.push(message);
        this.#released += releases.length;
        for (const { request_id, generation, grant } of message.releases) {
          const reserved = grant?.reserved_tokens;
          log('request.released', { request_id, generation, lane: lease.lane, reserved });
        }
      });
    } finally {
      // What has a lease must be sent, whatever else has failed: otherwise only the lease brings it back.
      await this.#send(messages);
    }
  }

  /** What cannot be offered gets a worker of its own at once. */
  async #send(messages: readonly HoldMessage[]): Promise<void> {
    const others: HoldMessage[] = [];
    await Promise.all(
      messages.map(async (message) => {
        const isOnOffer = isOffered(message) && (await this.#onOffer.make(message));
        if (!isOnOffer) others.push({ ...message, offered: undefined });
      }),
    );
    if (others.length > 0) await this.#onOffer.send(others);
  }

  /** Nothing of it goes out. */
  takeBack(decisions: Decisions): void {
    const bundles = bundlesOf(decisions, UNSHARED, this.#options);
    for (const { releases } of bundles.values()) this.#refund(decisions, releases);
  }

  /** Something that was released could not be sent yet. */
  get owes(): boolean {
    return this.#onOffer.owes;
  }

  /** What workers that run have not taken along by `now` gets workers of its own. */
  settleOffers(now: number): Promise<void> {
    return this.#onOffer.settle(now);
  }

  settleAllOffers(): Promise<void> {
    return this.#onOffer.settleAll();
  }

  #refund(decisions: Decisions, bundle: readonly EngineRelease[]): void {
    const { engine, budgets } = this.#options;
    engine.refund(decisions, bundle);
    for (const release of bundle) budgets.refund(decisions.releasedAt, release.entry, release);
  }

  /** Since they were counted last. */
  get released(): number {
    return this.#released;
  }

  takeReleased(): number {
    const released = this.#released;
    this.#released = 0;
    return released;
  }
}

function tooLarge(reserved: number, limits: Limits): RequestError {
  return requestError(
    'ExceedsQuota',
    `input and max tokens: ${reserved} exceed ${limits.tokens_per_minute}, the tokens per minute of the lane`,
  );
}
