import { MOST_BACKLOG_SHARDS } from '../request/keys.ts';

/** Index writes per second of one container to one partition, which takes 1,000 a second from all containers together. */
const ARRIVALS_PER_SHARD = 5;
const WINDOW_MS = 1_000;
const MOST_QUEUES = 10_000;

interface Window {
  start: number;
  arrivals: number;
  /** Of the window before. */
  previous: number;
}

/**
 * Over how many shards a queue's requests are spread: one for a calm queue, so that its order is kept and the leader
 * reads little; more while it floods.
 */
export class ShardChooser {
  readonly #windows = new Map<string, Window>();

  /** Counts an arrival and chooses its shard. `random` is in [0, 1). */
  shard(queue: string, now: number, random: number): number {
    const window = this.#windowAt(queue, now);
    window.arrivals += 1;
    const perSecond = Math.max(window.arrivals, window.previous);
    const shards = Math.min(Math.ceil(perSecond / ARRIVALS_PER_SHARD), MOST_BACKLOG_SHARDS);
    return Math.floor(random * shards);
  }

  #windowAt(queue: string, now: number): Window {
    const last = this.#windows.get(queue);
    if (last !== undefined && now - last.start < WINDOW_MS) return last;
    const justBefore = last !== undefined && now - last.start < 2 * WINDOW_MS;
    if (last === undefined && this.#windows.size >= MOST_QUEUES) this.#windows.clear();
    const window = { start: now, arrivals: 0, previous: justBefore ? last.arrivals : 0 };
    this.#windows.set(queue, window);
    return window;
  }
}
