/** What is going on in the local cloud, so that one can wait for it to end instead of sleeping. */
export class Activity {
  #running = 0;
  readonly #waiters = new Set<() => void>();

  /** Counts as going on until the work ends, however it ends. */
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

  /** To be called whenever something may have come to rest. */
  changed(): void {
    for (const wake of this.#waiters) wake();
    this.#waiters.clear();
  }

  nextChange(): Promise<void> {
    return new Promise((resolve) => this.#waiters.add(resolve));
  }
}
