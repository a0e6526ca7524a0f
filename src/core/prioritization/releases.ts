/** Carries out what a tick has decided: each release is marked and sent, and what cannot be released ends. */
import { concurrently } from '../concurrently.ts';
import type { Limits } from '../lane/catalog/limits.ts';
import type { LaneEngine } from '../lane/engine/engine.ts';
import type { Decisions, EngineRelease } from '../lane/engine/tick.ts';
import { requestError } from '../request/error-types.ts';
import type { HoldMessage, Release } from '../request/hold-message.ts';
import { isRequest, type RequestError, type StoredRecord } from '../request/record.ts';
import { queue } from '../request/transitions.ts';
import type { LaneBudgets } from './lane-budgets.ts';
import type { OverallMetrics } from './metrics.ts';
import type { PrioritizationPorts } from './ports.ts';
import { deadlinePassed, endWithout } from './recovery.ts';

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
  async carryOut(decisions: Decisions, limits: Limits): Promise<void> {
    const { releasedAt, releases, expired, oversized } = decisions;
    const queued: EngineRelease[] = [];
    const marks = concurrently(releases, CONCURRENT_WRITES, async (release) => {
      if (await this.#mark(release, releasedAt)) queued.push(release);
      else this.#refund(decisions, release);
    });
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
    this.#counts.Released += queued.length;
    // What was marked must be sent, whatever else has failed: otherwise only its lease brings it back.
    if (queued.length > 0) await this.#ports.hold.send(this.#messages(queued, decisions));
    for (const outcome of [marked, ...others]) if (outcome.status === 'rejected') throw outcome.reason;
  }

  #refund(decisions: Decisions, release: EngineRelease): void {
    const { engine, budgets } = this.#options;
    engine.refund(decisions, release);
    budgets.refund(decisions.releasedAt, release.entry, release);
  }

  async #mark(release: EngineRelease, releasedAt: number): Promise<boolean> {
    const { records, log } = this.#ports;
    const { lane, leaseMs, budgets } = this.#options;
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
        leaseUntil: releasedAt + leaseMs,
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

  #messages(releases: readonly EngineRelease[], { releasedAt }: Decisions): HoldMessage[] {
    const bundles = new Map<number, Release[]>();
    for (const { bundle, entry, probe } of releases) {
      const { request_id, generation } = entry;
      const release: Release = { request_id, generation: generation + 1, ...(probe && { probe }) };
      bundles.set(bundle, [...(bundles.get(bundle) ?? []), release]);
    }
    return [...bundles.values()].map((it) => ({
      v: 1,
      lane: this.#options.lane,
      released_at: releasedAt,
      releases: it,
    }));
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
