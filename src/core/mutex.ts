/** Lets one in at a time, in the order in which they came. */
export class Mutex {
  #free: Promise<void> = Promise.resolve();

  /** Resolves when it is free, with what frees it again. */
  async take(): Promise<() => void> {
    const before = this.#free;
    let free = () => {};
    this.#free = new Promise((resolve) => {
      free = resolve;
    });
    await before;
    return free;
  }
}
