/** What the leader sees of a lane's backlog: the heads of its queues, without what it has released already. */

import { concurrently } from '../concurrently.ts';
import {
  ANNOUNCE_INTERVAL_MS,
  type Announced,
  COVERED_MS,
  type QueueDirectory,
  type QueueEntry,
} from '../lane/ports.ts';
import type { BundleLease } from '../request/bundle-lease.ts';
import { parseBacklogKey } from '../request/keys.ts';
import type { Backlog, BacklogEntry } from '../request/ports.ts';
import { PRIORITIES, type Priority } from '../request/record.ts';
import { CLOCK_SKEW_MS } from '../request/times.ts';
import type { SeenQueue } from './backlog-sizes.ts';
import { Released } from './released.ts';

/** Indexes show a write within this time. */
const INDEX_GRACE_MS = 3_000;
/** A queue that was announced longer ago and is empty has nothing more to come. */
const ANNOUNCED_GRACE_MS = ANNOUNCE_INTERVAL_MS + INDEX_GRACE_MS + CLOCK_SKEW_MS;
/** How often the directory is read: new queues are seen this late. */
const LIST_EVERY_MS = 500;
/**
 * Where so many were released at once and nothing waits, the next of them are gathered for a while: they share a worker, which is
 * paid by the second whatever it carries. More than a worker carries are not worth waiting for.
 */
const WORTH_GATHERING = { least: 4, most: 40 };
const GATHER_MS = 1_000;
/** A look so soon after the last shows hardly anything new. */
const LEAST_WAIT_MS = 100;
/** Heads are read again after this long: requests return to their old places. */
const STALE_MS = 2_000;
/** Queues read in one round, and at once. */
const READS_PER_ROUND = 200;
const CONCURRENT_READS = 50;
/**
 * A request whose call failed is released again this long after its release at the earliest: soon after the first failure, which
 * seldom means more than that one call, and twice as long after each further one. By then the lane knows whether all calls fail,
 * and stops before the attempts are used up.
 */
const FIRST_REST_MS = 1_000;
const REST_MS = 5_000;
/** Of a queue. */
const FEWEST_HEADS = 25;
const MOST_HEADS = 1_000;
/** Of a queue, with those that may not go now. */
const MOST_READ = 2_000;
/** Of all queues, unless each has the fewest: half a kilobyte each in memory. */
const MOST_HEADS_IN_ALL = 50_000;

interface Queue {
  entry: QueueEntry;
  priority: Priority;
  heads: BacklogEntry[];
  /** Undefined: never read. */
  readAt?: number;
  /** When the request was seen that was announced last. */
  coveredAt?: number;
  /** Those that had been released when they were read: they are there until their workers claim them. */
  released: BacklogEntry[];
  /** Everything that waited there was read. */
  whole: boolean;
  /** When a request of it was last released; it may yet return. */
  releasedAt: number;
}

export class BacklogView {
  readonly #queues = new Map<string, Queue>();
  readonly #released = new Released();
  /** Of the last round that released any. */
  #lastReleased = 0;
  /** So many went at once lately; half as many for each round since. The next may take as many, however long it waits for a worker. */
  #mostReleased = 0;
  #listedAt = Number.NEGATIVE_INFINITY;
  /** When queues that had nothing more were read last: all at once, so that what waits in one is not released before another is read. */
  #gatheredAt = Number.NEGATIVE_INFINITY;
  readonly #lane: string;
  readonly #ports: { directory: Pick<QueueDirectory, 'list' | 'forget'>; backlog: Backlog };
  /** A predecessor may have released from any queue until then. */
  readonly #predecessorReleasedAt: number;
  /** Requests of this model id are not released now. */
  readonly #holdsBack: (modelId: string) => boolean;

  constructor(
    lane: string,
    ports: { directory: Pick<QueueDirectory, 'list' | 'forget'>; backlog: Backlog },
    predecessorReleasedAt = Number.NEGATIVE_INFINITY,
    holdsBack: (modelId: string) => boolean = () => false,
  ) {
    this.#lane = lane;
    this.#ports = ports;
    this.#predecessorReleasedAt = predecessorReleasedAt;
    this.#holdsBack = holdsBack;
  }

  /** Urgent work has been announced a short while ago, and may be announced again. */
  get mayBeUrgent(): boolean {
    return [...this.#queues.values()].some(isUrgent);
  }

  /**
   * What was written before `since` has been seen: the directory was read after it, and each queue when the index had caught up
   * with it, or with the queue's last announcement.
   */
  hasSeen(since: number): boolean {
    const hasCaughtUp = (queue: Queue) => (queue.readAt ?? 0) >= caughtUpAt(queue, since);
    return this.#listedAt >= since && [...this.#queues.values()].every(hasCaughtUp);
  }

  /** After how long a look at what was written before `since` is worth it. */
  lookInMs(now: number, since: number): number {
    const atMs = Math.max(...[...this.#queues.values()].map((queue) => caughtUpAt(queue, since))) - now;
    return Math.max(LEAST_WAIT_MS, Math.min(LIST_EVERY_MS, atMs));
  }

  /**
   * Reads each queue, however lately it was read.
   * @param lists the directory, too: it may say something new
   */
  async readAll(now: number, unfinishedSince: number | undefined, lists: boolean): Promise<void> {
    if (lists) this.#listedAt = Number.NEGATIVE_INFINITY;
    for (const queue of this.#queues.values()) queue.readAt = Number.NEGATIVE_INFINITY;
    await this.refresh(now, unfinishedSince, lists, Number.POSITIVE_INFINITY);
  }

  /** When the oldest of the heads that count was accepted, epoch milliseconds; undefined when none does. */
  oldest(counts: (entry: BacklogEntry) => boolean): number | undefined {
    let oldest = Number.POSITIVE_INFINITY;
    for (const { heads } of this.#queues.values()) {
      for (const head of heads) if (counts(head)) oldest = Math.min(oldest, head.accepted_at);
    }
    return oldest === Number.POSITIVE_INFINITY ? undefined : oldest;
  }

  /** Every queue that has been announced was read, and nothing else was in it. */
  showsOnly(isLeftOut: (entry: BacklogEntry) => boolean): boolean {
    return [...this.#queues.values()].every(
      ({ heads, whole, readAt }) =>
        readAt !== undefined && (heads.length === 0 ? whole : heads.every(isLeftOut)),
    );
  }

  /** What may be released now, queue by queue. */
  heads(now: number): BacklogEntry[][] {
    return [...this.#queues.values()].map(({ heads }) => heads.filter((head) => !this.#isResting(head, now)));
  }

  /** What has been read of each queue, whether it may be released now or not. */
  get seen(): SeenQueue[] {
    return [...this.#queues.values()].map(({ entry: { backlog_key }, heads, whole }) => ({
      ...{ backlog_key, heads, whole },
    }));
  }

  /**
   * Reads the directory and the heads that are needed.
   * @param unfinishedSince the first release that has not ended
   * @param lists false: the directory is known to say nothing new
   * @param most read no more queues in this round
   */
  async refresh(
    now: number,
    unfinishedSince: number | undefined,
    lists = true,
    most = READS_PER_ROUND,
  ): Promise<void> {
    if (lists && now >= this.#listedAt + LIST_EVERY_MS) {
      this.#take(await this.#ports.directory.list(this.#lane));
      this.#listedAt = now;
    }
    this.#released.prune(now);
    const wanted = this.#wanted;
    const gathers = now >= this.#gatheredAt + this.#gatherMs;
    if (gathers) this.#gatheredAt = now;
    const due = [...this.#queues.values()]
      .filter((queue) => this.#needsReading(queue, wanted, now, gathers))
      .sort((a, b) => urgency(a) - urgency(b) || (a.readAt ?? 0) - (b.readAt ?? 0))
      .slice(0, most);
    await concurrently(due, CONCURRENT_READS, async (queue) => {
      const key = queue.entry.backlog_key;
      // Twice as many: what is behind those that may not go may not go either.
      const passed = queue.released.length + 2 * (queue.heads.length - this.#ready(queue));
      const limit = Math.min(MOST_READ, passed + wanted);
      const heads = await this.#ports.backlog.heads(key, limit);
      if (this.#isCovered(queue.entry, heads)) queue.coveredAt ??= now;
      queue.released = heads.filter((head) => this.#released.shows(head, now));
      queue.heads = heads.filter((head) => !this.#released.has(head));
      queue.readAt = now;
      queue.whole = heads.length < limit;
      if (heads.length === 0 && this.#isOver(queue, now, unfinishedSince)) {
        await this.#ports.directory.forget(queue.entry);
        this.#queues.delete(key);
      }
    });
  }

  /** What a tick has released, and what else left the backlog with it. */
  release(entries: readonly BacklogEntry[], now: number): void {
    if (entries.length > 0) {
      this.#lastReleased = entries.length;
      this.#mostReleased = Math.max(entries.length, this.#mostReleased / 2);
    }
    this.remove(entries, now);
  }

  /** Those that were released so long ago that nobody may call Bedrock for it any more: their messages are late, or lost. */
  unclaimed(now: number): BacklogEntry[] {
    return [...this.#queues.values()].flatMap(({ released }) =>
      released.filter((entry) => this.#released.isUnclaimed(entry, now)),
    );
  }

  /** A predecessor released these. */
  noteReleased({ releases, released_at: at }: BundleLease, now: number): void {
    for (const { request_id, generation } of releases) {
      this.#released.add({ request_id, generation: generation - 1 }, at, now);
    }
  }

  /** These were not released after all. */
  restore(entries: readonly BacklogEntry[]): void {
    for (const entry of entries) {
      this.#released.remove(entry);
      const queue = this.#queues.get(entry.backlog_key);
      if (queue !== undefined) queue.readAt = Number.NEGATIVE_INFINITY;
    }
  }

  /** These leave the backlog now, whatever the index still shows. */
  remove(entries: readonly BacklogEntry[], now: number): void {
    for (const entry of entries) {
      this.#released.add(entry, now);
      const queue = this.#queues.get(entry.backlog_key);
      if (queue !== undefined) queue.releasedAt = now;
    }
    for (const queue of this.#queues.values()) {
      queue.heads = queue.heads.filter((head) => !this.isReleased(head));
    }
  }

  /** How many heads of a queue are enough. */
  get #wanted(): number {
    const isFilled = ({ heads, readAt }: Queue) => heads.length > 0 || readAt === undefined;
    const filled = [...this.#queues.values()].filter(isFilled).length;
    const most = Math.min(MOST_HEADS, Math.floor(MOST_HEADS_IN_ALL / Math.max(1, filled)));
    return Math.max(FEWEST_HEADS, Math.min(most, Math.ceil(2 * this.#mostReleased)));
  }

  /** A queue that was read whole can only have got new requests: urgent ones are looked for at every tick. */
  #needsReading(queue: Queue, wanted: number, now: number, gathers: boolean): boolean {
    const { heads, readAt, whole } = queue;
    if (now - (readAt ?? 0) >= STALE_MS) return true;
    if (heads.length < wanted / 2) return !whole || gathers || isUrgent(queue);
    // Behind those that may not go it looks further, but not at every tick: so many are read slowly.
    return !whole && gathers && heads.length < MOST_READ && this.#ready(queue) < wanted / 2;
  }

  get #gatherMs(): number {
    const { least, most } = WORTH_GATHERING;
    const isWorth = this.#lastReleased >= least && this.#lastReleased < most;
    return isWorth && [...this.#queues.values()].every(({ heads }) => heads.length === 0)
      ? GATHER_MS
      : LIST_EVERY_MS;
  }

  #take(entries: readonly QueueEntry[]): void {
    const listed = new Set<string>();
    for (const entry of entries) {
      listed.add(entry.backlog_key);
      const queue = this.#queues.get(entry.backlog_key);
      if (queue === undefined) {
        const { priority } = parseBacklogKey(entry.backlog_key);
        const releasedAt = this.#predecessorReleasedAt;
        const unread = { heads: [], released: [], whole: false };
        this.#queues.set(entry.backlog_key, { entry, priority, ...unread, releasedAt });
      } else {
        if (queue.entry.nonce !== entry.nonce) queue.coveredAt = undefined;
        queue.entry = entry;
      }
    }
    for (const key of this.#queues.keys()) if (!listed.has(key)) this.#queues.delete(key);
  }

  #isCovered({ about }: QueueEntry, heads: readonly BacklogEntry[]): boolean {
    if (about === undefined) return false;
    const { request_id, generation } = about;
    const isIt = (head: BacklogEntry) => head.request_id === request_id && head.generation === generation;
    return this.isReleased(about) || heads.some(isIt);
  }

  /** Nothing is on its way into the queue: neither behind the index, nor back from a release. */
  #isOver({ entry, releasedAt }: Queue, now: number, unfinishedSince: number | undefined): boolean {
    return (
      entry.announced_at + ANNOUNCED_GRACE_MS < now &&
      releasedAt + INDEX_GRACE_MS < now &&
      (unfinishedSince === undefined || unfinishedSince > releasedAt)
    );
  }

  /**
   * Heads that may go as far as is known. One whose model is denied may not, and what has failed goes again only as others are answered:
   * neither must hide what waits behind it.
   */
  #ready({ heads }: Queue): number {
    return heads.filter(({ model_id, failures }) => failures === 0 && !this.#holdsBack(model_id)).length;
  }

  #isResting(entry: BacklogEntry, now: number): boolean {
    const { failures } = entry;
    if (failures === 0) return false;
    const at = this.#released.lastOf(entry) ?? this.#predecessorReleasedAt;
    return now < at + (failures === 1 ? FIRST_REST_MS : REST_MS * 2 ** (failures - 1));
  }

  /** It has been released, whatever the index still shows. */
  isReleased(entry: Announced): boolean {
    return this.#released.has(entry);
  }
}

/** When an index shows what was written to the queue before `since`. */
function caughtUpAt({ entry, coveredAt = Number.POSITIVE_INFINITY }: Queue, since: number): number {
  const { announced_at, silent_until = Number.POSITIVE_INFINITY } = entry;
  // More may have been written after it, without a word.
  const silenceMs = silent_until > announced_at ? ANNOUNCE_INTERVAL_MS : 0;
  return Math.min(
    ...[since + INDEX_GRACE_MS, announced_at + ANNOUNCED_GRACE_MS, coveredAt + silenceMs + COVERED_MS],
  );
}

/** Queues with nothing in sight come first, the most urgent of them foremost. */
function urgency({ heads, priority }: Queue): number {
  return (heads.length === 0 ? 0 : 10) + priority;
}

function isUrgent({ priority }: Queue): boolean {
  return priority === PRIORITIES[0];
}
