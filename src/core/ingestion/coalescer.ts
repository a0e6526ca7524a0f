const MOST_KEYS = 10_000;

/** Does the same thing at most once per interval: those who ask again in the meantime share the outcome. */
export class Coalescer<T> {
  readonly #done = new Map<string, { at: number; outcome: Promise<T> }>();
  readonly #intervalMs: number;

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /** `now` in epoch milliseconds. A failure is forgotten, so that the next caller tries again. */
  run(key: string, now: number, action: () => Promise<T>): Promise<T> {
    const last = this.#done.get(key);
    if (last !== undefined && now - last.at < this.#intervalMs) return last.outcome;
    this.#makeRoom();
    const outcome = action();
    this.#done.set(key, { at: now, outcome });
    outcome.catch(() => this.#done.delete(key));
    return outcome;
  }

  /** Forgetting a key only means that its action runs again. */
  #makeRoom(): void {
    if (this.#done.size >= MOST_KEYS) this.#done.clear();
  }
}
