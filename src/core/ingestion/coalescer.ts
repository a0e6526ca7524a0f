export const MOST_KEYS = 10_000;

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
    return this.anew(key, now, action);
  }

  /** Does it now in any case. Those who ask after this share the outcome. */
  anew(key: string, now: number, action: () => Promise<T>): Promise<T> {
    this.#makeRoom();
    const outcome = action();
    this.#done.set(key, { at: now, outcome });
    outcome.catch(() => {
      if (this.#done.get(key)?.outcome === outcome) this.#done.delete(key);
    });
    return outcome;
  }

  /** Forgetting a key only means that its action runs again. */
  #makeRoom(): void {
    if (this.#done.size >= MOST_KEYS) this.#done.clear();
  }
}
