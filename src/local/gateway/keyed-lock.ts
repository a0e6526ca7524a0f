/** Runs work under the same key one after another, in the order asked for. */
export class KeyedLock {
  readonly #tails = new Map<string, Promise<unknown>>();

  run<T>(keys: string[], work: () => Promise<T>): Promise<T> {
    const before = keys.map((key) => this.#tails.get(key));
    const done = Promise.all(before).then(work);
    // A failure is for the caller to handle; what waits behind it runs all the same.
    const tail = done.then(
      () => undefined,
      () => undefined,
    );
    for (const key of keys) this.#tails.set(key, tail);
    void tail.then(() => {
      for (const key of keys) if (this.#tails.get(key) === tail) this.#tails.delete(key);
    });
    return done;
  }
}
