import { availableParallelism } from 'node:os';

/**
 * Lets only as many functions start at once as there are processors: a start is all computing, and thirty at once would
 * keep the gateway and the emulators, which every running function waits for, from the processor.
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
      // The next one takes over this one's place.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    }
  }
}
