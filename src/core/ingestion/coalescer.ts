const MOST_KEYS = 10_000;

/** Does the same thing at most once per interval: whoever asks again meanwhile shares what came of it. */
export class Coalescer<T> {
  private readonly done = new Map<string, { at: number; outcome: Promise<T> }>();

  constructor(private readonly intervalMs: number) {}

  /** `now` in epoch milliseconds. What failed is forgotten, so that the next one tries again. */
  run(key: string, now: number, action: () => Promise<T>): Promise<T> {
    const last = this.done.get(key);
    if (last !== undefined && now - last.at < this.intervalMs) return last.outcome;
    this.makeRoom();
    const outcome = action();
    this.done.set(key, { at: now, outcome });
    outcome.catch(() => this.done.delete(key));
    return outcome;
  }

  /** Forgetting only costs doing it again. */
  private makeRoom(): void {
    if (this.done.size >= MOST_KEYS) this.done.clear();
  }
}
