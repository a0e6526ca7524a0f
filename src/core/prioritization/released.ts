/** What leaders of a lane have released, for as long as the backlog's index shows it: no record tells of a release before its claim. */
import type { Announced } from '../lane/ports.ts';
import type { BacklogEntry } from '../request/ports.ts';
import { CLOCK_SKEW_MS, START_WINDOW_MS } from '../request/times.ts';

/** Remembered this long after the index showed it last, longer than it lags and than a queue is not read. */
const MEMORY_MS = 30_000;
/** A worker that has not claimed its release within this time does not call Bedrock for it, whatever its clock says. */
const UNCLAIMED_MS = START_WINDOW_MS + 2 * CLOCK_SKEW_MS;

interface Release {
  /** Of the entry that was released. */
  generation: number;
  /** Epoch milliseconds. */
  at: number;
  shownAt: number;
}

export class Released {
  readonly #releases = new Map<string, Release>();

  add({ request_id, generation }: Announced, at: number, now = at): void {
    this.#releases.set(request_id, { generation, at, shownAt: now });
  }

  /** It was not released after all. */
  remove({ request_id }: Announced): void {
    this.#releases.delete(request_id);
  }

  /** Forgets what the index has not shown for long. */
  prune(now: number): void {
    for (const [id, { shownAt }] of this.#releases) if (shownAt + MEMORY_MS < now) this.#releases.delete(id);
  }

  /** No more once it has come back: then it has another generation. */
  has(entry: Announced): boolean {
    return this.#of(entry) !== undefined;
  }

  /** As {@link has}, of an entry that the index shows now. */
  shows(entry: BacklogEntry, now: number): boolean {
    const release = this.#of(entry);
    if (release !== undefined) release.shownAt = now;
    return release !== undefined;
  }

  /** When it was released last, epoch milliseconds; it may have come back since. */
  lastOf({ request_id }: Announced): number | undefined {
    return this.#releases.get(request_id)?.at;
  }

  /** It was released so long ago that its message is late, or lost. */
  isUnclaimed(entry: BacklogEntry, now: number): boolean {
    const release = this.#of(entry);
    return release !== undefined && release.at + UNCLAIMED_MS < now;
  }

  #of({ request_id, generation }: Announced): Release | undefined {
    const release = this.#releases.get(request_id);
    return release !== undefined && generation <= release.generation ? release : undefined;
  }
}
