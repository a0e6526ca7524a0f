/** A tick's releases as they travel: by bundle, each under a lease. */
import type { Decisions, EngineRelease } from '../lane/engine/tick.ts';
import { type BundleLease, type LeasedRelease, leaseIdUntil } from '../request/bundle-lease.ts';
import type { HoldMessage, Release } from '../request/hold-message.ts';

export class ReleaseBundle {
  readonly lease: BundleLease;
  /** Those whose mark was refused, because their records had moved on: the lease is not about them. */
  readonly refused: LeasedRelease[] = [];
  readonly #queued: Release[] = [];

  constructor(lane: string, releasedAt: number, leaseMs: number) {
    const id = leaseIdUntil(releasedAt + leaseMs);
    this.lease = { lane, id, released_at: releasedAt, releases: [] };
  }

  add(release: EngineRelease): void {
    this.lease.releases.push(leasedOf(release));
  }

  noteMark(release: EngineRelease, isQueued: boolean): void {
    const { probe } = release;
    if (isQueued) this.#queued.push({ ...leasedOf(release), ...(probe && { probe }) });
    else this.refused.push(leasedOf(release));
  }

  /** Undefined when none of its releases was marked. */
  get message(): HoldMessage | undefined {
    const { lane, id: lease, released_at } = this.lease;
    return this.#queued.length === 0 ? undefined : { v: 1, lane, released_at, releases: this.#queued, lease };
  }
}

/** By number. */
export function bundlesOf(
  { releases, releasedAt }: Decisions,
  { lane, leaseMs }: { lane: string; leaseMs: number },
): Map<number, ReleaseBundle> {
  const bundles = new Map<number, ReleaseBundle>();
  for (const release of releases) {
    const bundle = bundles.get(release.bundle) ?? new ReleaseBundle(lane, releasedAt, leaseMs);
    bundles.set(release.bundle, bundle);
    bundle.add(release);
  }
  return bundles;
}

/** The release gives the record a generation of its own. */
function leasedOf({ entry: { request_id, generation } }: EngineRelease): LeasedRelease {
  return { request_id, generation: generation + 1 };
}
