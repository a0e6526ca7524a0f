/** Knows whether anything is going on in the local cloud, so that callers can wait for the end instead of sleeping. */
export class Activity {
  #running = 0;
  readonly #waiters = new Set<() => void>();

  /** Counts the work as going on until it ends, in success or failure. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#running++;
    try {
      return await work();
    } finally {
      this.#running--;
      this.changed();
    }
  }

  get quiet(): boolean {
    return this.#running === 0;
  }

  /** Must be called whenever something may have become idle. */
  changed(): void {
    for (const wake of this.#waiters) wake();
    this.#waiters.clear();
  }

  nextChange(): Promise<void> {
    return new Promise((resolve) => this.#waiters.add(resolve));
  }
}
