/**
 * Weighted fair queueing by start tags: who has received least for its weight goes first. The virtual time is what a fluid
 * would have given each of those who wait, so a flow that comes back from idleness starts level with it: idle shares are
 * lent and never owed, and what was made good meanwhile moves nobody ahead of newcomers.
 */
export class StartTags<K> {
  readonly #tags = new Map<K, number>();
  #waiting = new Map<K, number>();
  /** Of those who wait. */
  #weights = 0;
  #virtual = 0;

  /** Who waits now, and its weight. Who did not before starts level with those who are served. */
  enter(waiting: Iterable<[key: K, weight: number]>): void {
    const now = new Map(waiting);
    let least = Number.POSITIVE_INFINITY;
    for (const key of now.keys()) if (this.#waiting.has(key)) least = Math.min(least, this.tagOf(key));
    if (Number.isFinite(least)) this.#virtual = Math.max(this.#virtual, least);
    for (const key of now.keys()) {
      if (!this.#waiting.has(key)) this.#tags.set(key, Math.max(this.#tags.get(key) ?? 0, this.#virtual));
    }
    for (const [key, tag] of this.#tags) {
      if (!now.has(key) && tag <= this.#virtual) this.#tags.delete(key);
    }
    this.#waiting = now;
    this.#weights = [...now.values()].reduce((sum, weight) => sum + weight, 0);
  }

  /** What `key` has received for its weight, as a position to compare. */
  tagOf(key: K): number {
    return this.#tags.get(key) ?? this.#virtual;
  }

  /** `key` received something worth `cost`. */
  serve(key: K, cost: number, weight: number): void {
    this.#tags.set(key, this.tagOf(key) + cost / weight);
    this.#virtual += cost / Math.max(weight, this.#weights);
  }

  /** What `key` was served turned out to be worth `cost` more, or less. */
  correct(key: K, cost: number, weight: number): void {
    const tag = this.tagOf(key);
    if (!this.#waiting.has(key) && tag <= this.#virtual) return;
    this.#tags.set(key, tag + cost / weight);
    this.#virtual += cost / Math.max(weight, this.#weights);
  }

  /** Tags relative to the virtual time, those furthest ahead first. */
  ahead(limit: number): [K, number][] {
    return [...this.#tags]
      .map(([key, tag]): [K, number] => [key, Math.round(tag - this.#virtual)])
      .sort(([, a], [, b]) => b - a)
      .slice(0, limit);
  }

  restore(ahead: readonly [K, number][]): void {
    for (const [key, lead] of ahead) {
      this.#tags.set(key, this.#virtual + lead);
      this.#waiting.set(key, 1);
    }
  }
}
