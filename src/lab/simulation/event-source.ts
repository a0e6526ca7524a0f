/** An SQS event source with a batch size of one: delivery takes time, and pollers ramp up as Lambda's do. */
import type { Delays } from './delays.ts';
import { Environments, type RunTime } from './environments.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** Pollers are added in steps of this length, and withdrawn after so long without a waiting message. */
const RAMP_STEP_MS = 1_000;
const RAMP_DOWN_MS = 60_000;

export interface EventSourceOptions<T> {
  clock: VirtualClock;
  delays: Delays;
  maximumConcurrency: number;
  handle: (message: T) => Promise<void>;
}

export class EventSource<T> {
  readonly #waiting: T[] = [];
  readonly #environments: Environments;
  #busy = 0;
  #pollers: number;
  #ramping = false;
  #lastWaitedAt = 0;

  constructor(private readonly options: EventSourceOptions<T>) {
    const { clock, delays } = options;
    this.#environments = new Environments(clock, {
      coldStart: delays.coldStart,
      keptMs: delays.environmentKeptMs,
    });
    this.#pollers = delays.initialConcurrency;
  }

  /** What the function has run for its messages so far. */
  get runTime(): RunTime {
    return this.#environments.runTime;
  }

  /** Puts a message on the queue. */
  send(message: T): void {
    const { clock, delays } = this.options;
    clock.at(clock.now() + delays.queueDelivery(), () => {
      this.#waiting.push(message);
      this.#dispatch();
    });
  }

  #dispatch(): void {
    const { clock, delays } = this.options;
    const rested = clock.now() - this.#lastWaitedAt > RAMP_DOWN_MS;
    if (rested) this.#pollers = Math.max(delays.initialConcurrency, this.#busy);
    while (this.#waiting.length > 0 && this.#busy < this.#allowed) {
      const message = this.#waiting.shift() as T;
      this.#busy += 1;
      clock.spawn(() => this.#process(message));
    }
    if (this.#waiting.length === 0) return;
    this.#lastWaitedAt = clock.now();
    this.#rampUp();
  }

  get #allowed(): number {
    return Math.min(Math.floor(this.#pollers), this.options.maximumConcurrency);
  }

  #rampUp(): void {
    const { clock, delays, maximumConcurrency } = this.options;
    if (this.#ramping || this.#pollers >= maximumConcurrency) return;
    this.#ramping = true;
    clock.at(clock.now() + RAMP_STEP_MS, () => {
      this.#ramping = false;
      this.#pollers += (delays.addedPerMinute * RAMP_STEP_MS) / 60_000;
      this.#dispatch();
    });
  }

  async #process(message: T): Promise<void> {
    try {
      await this.#environments.run(() => this.options.handle(message));
    } finally {
      this.#busy -= 1;
      this.#dispatch();
    }
  }
}
