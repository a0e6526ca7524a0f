/** How releases travel: grouped into bundles, each of which takes one worker until its last call has ended. */
import { BUNDLE_BYTES, BUNDLE_SIZE } from '../../request/hold-message.ts';
import type { BacklogEntry } from '../../request/ports.ts';
import { PRIORITIES } from '../../request/record.ts';
import { HELD_AFTER_MS } from '../call-report.ts';

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

/**
 * One in so many workers is kept from tenants whose calls hold as many for long, while others have work too: calls that hang
 * or take minutes would otherwise take one worker after the other, and nobody else would get any.
 */
const KEPT_FROM_HOLDERS = 6;
/** That calls hold a worker is known after this long. Meanwhile half of those workers are taken, one after the other. */
const KNOWN_AFTER_MS = HELD_AFTER_MS + 1_000;

/** What a tick knows of the workers. */
export interface WorkerUse {
  /** Workers that the lane may take in all, and those that it has. */
  workers: number;
  taken: number;
  /** Lanes that have work waiting, this one included; 1 unless given. */
  rivals?: number;
  /** How long a call takes, milliseconds. */
  runMs: number;
  /** Workers that calls of a tenant have held for long. */
  holders?: ReadonlyMap<string, number>;
  /** What the tenant holds who holds least of those that have work waiting; none unless given. */
  leastHeld?: number;
  /** Several tenants have had work lately. */
  shared?: boolean;
}

/** Spaces a lane's bundles in time. */
export class BundlePacer {
  #openedAt = Number.NEGATIVE_INFINITY;
  #lastOpenedAt = Number.NEGATIVE_INFINITY;

  /** The bundles of one tick. */
  begin(now: number, use: WorkerUse): Bundles {
    const { workers, taken, rivals = 1, runMs, holders, leastHeld = 0, shared = false } = use;
    const kept = keptForUrgent(workers);
    const free = workers - taken;
    const everyMs = (runMs * rivals) / (EAGERNESS * Math.max(0, free - kept));
    const isDue = now >= this.#openedAt + everyMs;
    const last = shared ? Math.floor(workers / KEPT_FROM_HOLDERS) : 0;
    const isLastDue = now >= this.#lastOpenedAt + KNOWN_AFTER_MS / Math.ceil(last / 2);
    const held = [...(holders?.values() ?? [])].reduce((sum, it) => sum + it, 0);
    const areHeld = held >= workers / 2;
    return new Bundles({ free, kept, isDue, last, isLastDue, areHeld, holders, leastHeld }, (isLast) => {
      this.#openedAt = now;
      if (isLast) this.#lastOpenedAt = now;
    });
  }
}

/** What is left for a tick's bundles. */
interface Room {
  free: number;
  /** For urgent ones. */
  kept: number;
  /** Another one may open that is not urgent. */
  isDue: boolean;
  /** The last workers, which are kept from those who hold as many. */
  last: number;
  /** One of them may be taken. */
  isLastDue: boolean;
  /** Calls hold half of all workers for long. */
  areHeld: boolean;
  holders?: ReadonlyMap<string, number>;
  leastHeld: number;
}

/** Groups a tick's releases for workers, in order. */
export class Bundles {
  #count = 0;
  #last = { releases: 0, bytes: 0 };

  readonly #room: Room;
  readonly #opened: (isLast: boolean) => void;

  /** @param opened is told of each bundle, and whether it takes one of the last workers */
  constructor(room: Room, opened: (isLast: boolean) => void) {
    this.#room = { ...room };
    this.#opened = opened;
  }

  get count(): number {
    return this.#count;
  }

  /**
   * Only the last workers are left, calls hold half of all for long, and those of the entry's tenant as many as are left: more than
   * twice as many as those of another who has work waiting. Where the calls of all take long, nobody is kept from anything.
   */
  isKeptFrom(entry: BacklogEntry): boolean {
    const { last, holders, leastHeld, areHeld } = this.#room;
    const bundles = this.#count + (this.#fits(entry) ? 0 : 1);
    const held = holders?.get(entry.tenant) ?? 0;
    return areHeld && this.#left(bundles) < last && held >= last && held > 2 * leastHeld;
  }

  /** A worker can take the release now: with the last bundle, or as the first of another. An urgent one never gathers. */
  admits(entry: BacklogEntry): boolean {
    if (this.#fits(entry)) return true;
    const { kept, isDue, last, isLastDue } = this.#room;
    const left = this.#left(this.#count + 1);
    if (entry.priority === PRIORITIES[0]) return left >= (isLastDue ? 0 : Math.ceil(last / 2));
    return isDue && left >= Math.max(kept, isLastDue ? 0 : last);
  }

  /** The bundle that the release belongs to, from 0. */
  add(entry: BacklogEntry): number {
    if (!this.#fits(entry)) {
      this.#count += 1;
      this.#last = { releases: 0, bytes: 0 };
      const isLast = this.#left(this.#count) < this.#room.last;
      if (isLast) this.#room.isLastDue = false;
      this.#opened(isLast);
    }
    this.#last.releases += 1;
    this.#last.bytes += entry.input_bytes;
    return this.#count - 1;
  }

  /** Workers that are left beside so many bundles. */
  #left(bundles: number): number {
    return this.#room.free - bundles;
  }

  #fits(entry: BacklogEntry): boolean {
    return (
      this.#count > 0 &&
      this.#last.releases < BUNDLE_SIZE &&
      this.#last.bytes + entry.input_bytes <= BUNDLE_BYTES
    );
  }
}
