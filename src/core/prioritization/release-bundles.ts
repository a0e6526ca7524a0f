/** A tick's releases as they travel: by bundle, each under a lease. */
import type { Decisions, EngineRelease } from '../lane/engine/tick.ts';
import { ANY_PARTITION } from '../lane/ports.ts';
import { type BundleLease, leaseIdUntil } from '../request/bundle-lease.ts';
import { BUNDLE_BYTES, type Grant, type HoldMessage, type Release } from '../request/hold-message.ts';
import { PRIORITIES } from '../request/record.ts';
import type { LaneBudgets } from './lane-budgets.ts';
import type { Workers } from './workers.ts';

/** Calls that take so long may share a worker that runs already. */
const WORTH_SHARING_MS = 3_000;
/** They do so while no more of the quota is used, or several lanes want scarce workers. */
const MOST_USED = 0.5;
/** Workers are scarce when so many of them are taken; urgent releases share them when there are fewer still. */
const SCARCE_PART = { urgent: 0.75, others: 0.5 };

type Shared = Pick<HoldMessage, 'bytes' | 'offered' | 'unhurried' | 'partition'>;

export class ReleaseBundle {
  readonly lease: BundleLease;
  readonly releases: EngineRelease[] = [];
  readonly #travelling: Release[] = [];
  readonly #shared: Shared;

  constructor(lane: string, releasedAt: number, leaseMs: number, shared: Shared) {
    this.#shared = shared;
    const id = leaseIdUntil(releasedAt + leaseMs);
    this.lease = { lane, id, released_at: releasedAt, releases: [] };
  }

  add(release: EngineRelease, budgeted: boolean): void {
    const { entry, probe } = release;
    // The claim gives the record a generation of its own.
    const leased = { request_id: entry.request_id, generation: entry.generation + 1 };
    this.releases.push(release);
    this.lease.releases.push(leased);
    this.#travelling.push({ ...leased, grant: grantOf(release, budgeted), ...(probe && { probe }) });
    // All wait for the end of a probe.
    if (probe) this.#shared.unhurried = undefined;
    if (this.#shared.bytes !== undefined) this.#shared.bytes += entry.input_bytes;
  }

  get message(): HoldMessage {
    const { lane, id: lease, released_at } = this.lease;
    return { v: 1, lane, released_at, releases: this.#travelling, lease, ...this.#shared };
  }
}

/** How a tick's bundles share workers. */
export interface Sharing {
  /** Their workers take others along. */
  takesAlong: boolean;
  /** They may report ends together, a little later. */
  unhurried: boolean;
  /** Numbers of those that are offered to workers which run already. */
  offered: ReadonlySet<number>;
}

export const UNSHARED: Sharing = { takesAlong: false, unhurried: false, offered: new Set() };

/** How a lane does as its releases go out. */
export interface LaneNow {
  /** Others of it wait. */
  waits: boolean;
  /** Lanes that have work waiting, this one included. */
  rivals: number;
  /** Of the limit that binds: 1 is all of it. */
  used: number;
  /** How long a call takes. */
  runMs: number;
  workers: Pick<Workers, 'running' | 'takenPart'>;
}

/**
 * Short calls are not worth a wait. Where others wait for the quota, or may soon, all go at once: it is used best, and shared
 * fairly, when they start alike. But where several lanes want scarce workers, each that is not taken counts for more. Where hardly any
 * is left, so many run that one looks at what is offered within a few hundredths of a second: urgent releases can be offered too.
 */
export function sharingOf(
  releases: readonly EngineRelease[],
  { waits, rivals, used, runMs, workers: { running, takenPart } }: LaneNow,
): Sharing {
  const isCalm = !waits && used <= MOST_USED;
  const areScarce = takenPart >= SCARCE_PART.others;
  const takesAlong = runMs >= WORTH_SHARING_MS && (isCalm || (areScarce && rivals > 1));
  const unhurried = takesAlong && isCalm;
  const bundles = new Set(releases.map(({ bundle }) => bundle));
  if (!takesAlong || running <= bundles.size) return { takesAlong, unhurried, offered: new Set() };
  for (const { bundle, entry, probe } of releases) {
    const isUrgent = entry.priority === PRIORITIES[0] && takenPart < SCARCE_PART.urgent;
    const isLarge = entry.input_bytes > BUNDLE_BYTES / 2;
    if (isUrgent || probe || isLarge) bundles.delete(bundle);
  }
  return { takesAlong, unhurried, offered: bundles };
}

export interface BundlesOptions {
  lane: string;
  leaseMs: number;
  budgets: Pick<LaneBudgets, 'has'>;
}

/** By number. */
export function bundlesOf(
  { releases, releasedAt, partition }: Decisions,
  { takesAlong, unhurried, offered }: Sharing,
  { lane, leaseMs, budgets }: BundlesOptions,
): Map<number, ReleaseBundle> {
  const bundles = new Map<number, ReleaseBundle>();
  for (const release of releases) {
    const number = release.bundle;
    let bundle = bundles.get(number);
    if (bundle === undefined) {
      const shared = {
        ...(takesAlong && { bytes: 0 }),
        ...(offered.has(number) && { offered: true as const }),
        ...(unhurried && { unhurried: true as const }),
        ...(partition !== ANY_PARTITION && { partition }),
      };
      bundle = new ReleaseBundle(lane, releasedAt, leaseMs, shared);
      bundles.set(number, bundle);
    }
    bundle.add(release, budgets.has(release.entry.tenant));
  }
  return bundles;
}

function grantOf(
  { reserved, charge, cost, maxTokens, mostMaxTokens, exceedsQuota }: EngineRelease,
  budgeted: boolean,
): Grant {
  return {
    reserved_tokens: reserved,
    // What is shared out by requests, no tokens make good.
    ...(cost === charge && { expected_tokens: charge }),
    granted_max_tokens: maxTokens,
    ...(mostMaxTokens !== undefined && { most_max_tokens: mostMaxTokens }),
    ...(exceedsQuota && { exceeds_quota: true }),
    ...(budgeted && { budgeted: true }),
  };
}
