/** Carries out what a tick has decided: each release is marked and sent, and what cannot be released ends. */
import { concurrently } from '../concurrently.ts';
import type { Limits } from '../lane/catalog/limits.ts';
import type { LaneEngine } from '../lane/engine/engine.ts';
import type { Decisions, EngineRelease } from '../lane/engine/tick.ts';
import { isOffered, OFFER_SECONDS, type OfferedBundle } from '../request/bundle-offers.ts';
import { requestError } from '../request/error-types.ts';
import type { HoldMessage } from '../request/hold-message.ts';
import { isRequest, type RequestError, type StoredRecord } from '../request/record.ts';
import { queue } from '../request/transitions.ts';
import type { LaneBudgets } from './lane-budgets.ts';
import type { OverallMetrics } from './metrics.ts';
import type { PrioritizationPorts } from './ports.ts';
import { deadlinePassed, endWithout } from './recovery.ts';
import { bundlesOf, type ReleaseBundle, type Sharing } from './release-bundles.ts';

const CONCURRENT_WRITES = 50;

type Counts = Pick<OverallMetrics, 'Released' | 'PromisesKept' | 'PromisesBroken'>;
const NONE_YET: Counts = { Released: 0, PromisesKept: 0, PromisesBroken: 0 };

export interface ReleasesOptions {
  lane: string;
  leaseMs: number;
  engine: Pick<LaneEngine, 'refund'>;
  budgets: Pick<LaneBudgets, 'has' | 'refund'>;
}

export class Releases {
  readonly #ports: PrioritizationPorts;
  readonly #options: ReleasesOptions;
  #counts = { ...NONE_YET };

  constructor(ports: PrioritizationPorts, options: ReleasesOptions) {
    this.#ports = ports;
    this.#options = options;
  }

  /** After the plan that counts the releases has been written. */
  async carryOut(decisions: Decisions, sharing: Sharing, limits: Limits): Promise<void> {
    const { expired, oversized } = decisions;
    const bundles = bundlesOf(decisions, sharing, this.#options);
    const marks = this.#markAll(bundles, decisions);
    const ends = concurrently(expired, CONCURRENT_WRITES, (entry) =>
      endWithout(
        this.#ports,
        { ...entry, status: 'RECEIVED' },
        { status: 'EXPIRED', error: deadlinePassed(entry.deadline_at) },
      ),
    );
    const failures = concurrently(oversized, CONCURRENT_WRITES, ({ entry, reserved }) =>
      endWithout(
        this.#ports,
        { ...entry, status: 'RECEIVED' },
        { status: 'FAILED', error: tooLarge(reserved, limits) },
      ),
    );
    const [marked, ...others] = await Promise.allSettled([marks, ends, failures]);
    const messages = [...bundles.values()].flatMap(({ message }) => message ?? []);
    for (const { releases } of messages) this.#counts.Released += releases.length;
    // What was marked must be sent, whatever else has failed: otherwise only its lease brings it back.
    await this.#send(messages);
    await this.#settleRefused([...bundles.values()]);
    for (const outcome of [marked, ...others]) if (outcome.status === 'rejected') throw outcome.reason;
  }

  /** What cannot be offered gets a worker of its own at once. */
  async #send(messages: readonly HoldMessage[]): Promise<void> {
    const { hold } = this.#ports;
    const offered: HoldMessage[] = [];
    const others: HoldMessage[] = [];
    await Promise.all(
      messages.map(async (message) => {
        if (isOffered(message) && (await this.#offer(message))) offered.push(message);
        else others.push({ ...message, offered: undefined });
      }),
    );
    await Promise.all([
      offered.length > 0 ? hold.send(offered, OFFER_SECONDS) : undefined,
      others.length > 0 ? hold.send(others) : undefined,
    ]);
  }

  /** Whether it is offered. */
  async #offer(bundle: OfferedBundle): Promise<boolean> {
    const { offers, log } = this.#ports;
    try {
      await offers.make(bundle);
      return true;
    } catch (error) {
      log('offer.failed', { lane: bundle.lane, error: String(error) });
      return false;
    }
  }

  /** Under leases: from its mark on, only its bundle's lease tells that a release may be lost. */
  async #markAll(bundles: ReadonlyMap<number, ReleaseBundle>, decisions: Decisions): Promise<void> {
    const leases = [...bundles.values()].map(({ lease }) => lease);
    await concurrently(leases, CONCURRENT_WRITES, (lease) => this.#ports.leases.write(lease));
    await concurrently(decisions.releases, CONCURRENT_WRITES, async (release) => {
      const isQueued = await this.#mark(release, decisions.releasedAt);
      bundles.get(release.bundle)?.noteMark(release, isQueued);
      if (!isQueued) this.#refund(decisions, release);
    });
  }

  async #settleRefused(bundles: readonly ReleaseBundle[]): Promise<void> {
    const concerned = bundles.filter(({ refused }) => refused.length > 0);
    await concurrently(concerned, CONCURRENT_WRITES, ({ lease: { lane, id }, refused }) =>
      this.#ports.leases.settle(lane, id, refused),
    );
  }

  #refund(decisions: Decisions, release: EngineRelease): void {
    const { engine, budgets } = this.#options;
    engine.refund(decisions, release);
    budgets.refund(decisions.releasedAt, release.entry, release);
  }

  async #mark(release: EngineRelease, releasedAt: number): Promise<boolean> {
    const { records, log } = this.#ports;
    const { lane, budgets } = this.#options;
    const { entry, reserved, charge, cost, maxTokens, mostMaxTokens, exceedsQuota } = release;
    const moved = await records.move(
      queue(entry, {
        releasedAt,
        reservedTokens: reserved,
        // What is shared out by requests, no tokens make good.
        expectedTokens: cost === charge ? charge : undefined,
        maxTokens,
        mostMaxTokens,
        exceedsQuota,
        budgeted: budgets.has(entry.tenant),
      }),
    );
    const { request_id, generation } = entry;
    if (moved.applied) {
      this.#notePromise(moved.record, releasedAt);
      log('request.queued', { request_id, generation: generation + 1, lane, reserved });
    } else {
      log('release.refused', { request_id, generation, status: moved.record?.status });
    }
    return moved.applied;
  }

  /** A request that is released again has had its start. */
  #notePromise(record: StoredRecord, releasedAt: number): void {
    const promised = isRequest(record) && record.generation === 1 ? record.promised_start_at : undefined;
    if (promised !== undefined) this.#counts[releasedAt <= promised ? 'PromisesKept' : 'PromisesBroken'] += 1;
  }

  /** Since counts were taken last. */
  get released(): number {
    return this.#counts.Released;
  }

  takeCounts(): Counts {
    const counts = this.#counts;
    this.#counts = { ...NONE_YET };
    return counts;
  }
}

function tooLarge(reserved: number, limits: Limits): RequestError {
  return requestError(
    'ExceedsQuota',
    `input and max tokens: ${reserved} exceed ${limits.tokens_per_minute}, the tokens per minute of the lane`,
  );
}
