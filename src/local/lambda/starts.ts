import { availableParallelism } from 'node:os';

/**
 * Lets only as many functions start at once as there are processors. A start needs a processor all the time, and thirty at
 * once would leave none for the gateway and the emulators, which every running function waits for.
 */
export class Starts {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  readonly #atOnce: number;

  constructor(atOnce = availableParallelism()) {
    this.#atOnce = atOnce;
  }

  async during<T>(start: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#atOnce) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running++;
    try {
      return await start();
    } finally {
      // The next start takes the place of this one.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    }
  }
}
