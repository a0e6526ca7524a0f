import { createHash } from 'node:crypto';

/**
 * Weighted fair queueing by start tags: who has received least for its weight goes first. The virtual time is the tag of what
 * was served last, so a flow that comes back from idleness starts level with those who are served: idle shares are lent and
 * never owed (start-time fair queueing; Goyal, Vin and Cheng, 1996).
 *
 * Where flows come as fast as they are served, each for the first time, that time would stand still, and who has been served once
 * would wait for ever. So it goes on by at least what an equal share of the service is, among all who wait or are ahead. Where flows
 * wait that have come before, it does so by itself: those who are ahead are the ones served since then.
 */
export class StartTags<K> {
  readonly #tags = new Map<K, number>();
  #waiting = new Set<K>();
  #virtual = 0;
  /** What an equal share of all service would have come to: the virtual time is never behind it. */
  #share = 0;
  /** Of all that wait or are ahead. */
  #weight = Number.POSITIVE_INFINITY;
  /** Where those start, at least, of whom nothing is remembered. */
  #startOf: (key: K) => number = () => 0;

  /**
   * Who waits now. Who did not before starts level with those who are served.
   * @param weightOf where new flows may come as fast as others are served; without, they never do
   */
  enter(waiting: Iterable<K>, weightOf: (key: K) => number = () => Number.POSITIVE_INFINITY): void {
    const now = new Set(waiting);
    for (const key of now) {
      if (!this.#waiting.has(key))
        this.#tags.set(key, Math.max(this.#tags.get(key) ?? this.#startOf(key), this.#virtual));
    }
    for (const [key, tag] of this.#tags) {
      if (!now.has(key) && tag <= this.#virtual) this.#tags.delete(key);
    }
    this.#waiting = now;
    const weight = [...this.#tags.keys()].reduce((sum, key) => sum + weightOf(key), 0);
    this.#weight = weight || Number.POSITIVE_INFINITY;
  }

  /** All that waited of `key` has been served: what comes of it next starts level with those who are served. */
  leave(key: K): void {
    this.#waiting.delete(key);
  }

  /** What `key` has received for its weight, as a position to compare. */
  tagOf(key: K): number {
    return this.#tags.get(key) ?? this.#virtual;
  }

  /** `key` received something worth `cost`. */
  serve(key: K, cost: number, weight: number): void {
    const tag = this.tagOf(key);
    this.#share = Math.max(this.#share + cost / this.#weight, tag);
    this.#virtual = Math.max(this.#virtual, this.#share);
    this.#tags.set(key, tag + cost / weight);
  }

  /** `key` is ahead of nobody who waits: what it has received beyond its weight is not owed to them. */
  forgive(key: K): void {
    const tags = [...this.#waiting].map((it) => this.tagOf(it));
    this.#tags.set(key, Math.min(this.tagOf(key), ...tags));
  }

  /** What `key` was served turned out to be worth `cost` more, or less. */
  correct(key: K, cost: number, weight: number): void {
    this.#share += cost / this.#weight;
    const tag = this.tagOf(key);
    if (!this.#waiting.has(key) && tag <= this.#virtual) return;
    this.#tags.set(key, tag + cost / weight);
  }

  /** Tags relative to the virtual time, those furthest ahead first. Where requests are counted, parts of one matter. */
  ahead(limit: number): [K, number][] {
    return [...this.#tags]
      .map(([key, tag]): [K, number] => [key, Number((tag - this.#virtual).toPrecision(5))])
      .sort(([, a], [, b]) => b - a)
      .slice(0, limit);
  }

  /**
   * Only the `limit` furthest ahead are known. Each other tenant starts at a random place up to the last of those, another one
   * under each leader. So nobody is always last.
   * @param limit as many as are remembered at most
   */
  restore(ahead: readonly [K, number][], limit = Number.POSITIVE_INFINITY): void {
    const least = ahead[limit - 1]?.[1] ?? 0;
    if (least > 0) {
      const seed = JSON.stringify(ahead);
      this.#startOf = (key) => least * partBy(`${seed}${key}`);
    }
    for (const [key, lead] of ahead) {
      this.#tags.set(key, this.#virtual + lead);
      this.#waiting.add(key);
    }
  }
}

/** From 0 to 1, as good as by chance. */
function partBy(text: string): number {
  return createHash('md5').update(text).digest().readUInt32BE() / 2 ** 32;
}
