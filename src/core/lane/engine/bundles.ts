/** How releases travel: grouped into bundles, each of which takes one worker until its last call has ended. */
import { BUNDLE_SIZE } from '../../request/hold-message.ts';
import type { BacklogEntry } from '../../request/ports.ts';
import { PRIORITIES } from '../../request/record.ts';

/** A worker holds its bundle's payloads in memory at once: their estimated size in sum is bounded. */
export const BUNDLE_BYTES = 10_000_000;

/**
 * The fewer workers are free, the longer releases gather for a bundle. A lane opens one every run time ÷ (this × its part
 * of the free workers), so that bundles which are not full take five of six workers and no more, evenly over time.
 */
const EAGERNESS = 5;
/** One in so many places is kept for urgent requests, whatever binds. */
const KEPT_FOR_URGENT = 15;

/** How many of so many places others must leave to urgent requests. */
export function keptForUrgent(places: number): number {
  return Math.floor(places / KEPT_FOR_URGENT);
}

/** What a tick knows of the workers. */
export interface WorkerUse {
  /** Workers that the lane may take in all, and those that it has. */
  workers: number;
  taken: number;
  /** Lanes that have work waiting, this one included; 1 unless given. */
  rivals?: number;
  /** How long a call takes, milliseconds. */
  runMs: number;
}

/** Spaces a lane's bundles in time. */
export class BundlePacer {
  #openedAt = Number.NEGATIVE_INFINITY;

  /** The bundles of one tick. */
  begin(now: number, { workers, taken, rivals = 1, runMs }: WorkerUse): Bundles {
    const kept = keptForUrgent(workers);
    const free = workers - taken;
    const everyMs = (runMs * rivals) / (EAGERNESS * Math.max(0, free - kept));
    const isDue = now >= this.#openedAt + everyMs;
    return new Bundles({ free, kept, isDue }, () => {
      this.#openedAt = now;
    });
  }
}

/** Groups a tick's releases for workers, in order. */
export class Bundles {
  #count = 0;
  #last = { releases: 0, bytes: 0 };

  constructor(
    private readonly room: { free: number; kept: number; isDue: boolean },
    private readonly opened: () => void = () => undefined,
  ) {}

  get count(): number {
    return this.#count;
  }

  /** A worker can take the release now: with the last bundle, or as the first of another. An urgent one never gathers. */
  admits(entry: BacklogEntry): boolean {
    if (this.#fits(entry)) return true;
    const { free, kept, isDue } = this.room;
    return entry.priority === PRIORITIES[0] ? this.#count < free : isDue && this.#count < free - kept;
  }

  /** The bundle that the release belongs to, from 0. */
  add(entry: BacklogEntry): number {
    if (!this.#fits(entry)) {
      this.#count += 1;
      this.#last = { releases: 0, bytes: 0 };
      this.opened();
    }
    this.#last.releases += 1;
    this.#last.bytes += entry.input_bytes;
    return this.#count - 1;
  }

  #fits(entry: BacklogEntry): boolean {
    return (
      this.#count > 0 &&
      this.#last.releases < BUNDLE_SIZE &&
      this.#last.bytes + entry.input_bytes <= BUNDLE_BYTES
    );
  }
}
