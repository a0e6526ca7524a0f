/** A function's execution environments: a call that finds none idle pays for a cold start. */
import type { Clock } from '../../core/clock.ts';
import type { Delay } from './delays.ts';

export interface EnvironmentOptions {
  coldStart: Delay;
  /** How long an idle environment is kept. */
  keptMs: number;
}

export class Environments {
  /** When each idle environment was last used, the latest last. */
  readonly #idleSince: number[] = [];

  constructor(
    private readonly clock: Clock,
    private readonly options: EnvironmentOptions,
  ) {}

  /** Runs in an environment, in a new one if need be. */
  async run(work: () => Promise<void>): Promise<void> {
    const idleSince = this.#idleSince.pop();
    const cold = idleSince === undefined || idleSince + this.options.keptMs < this.clock.now();
    if (cold) await this.clock.sleep(this.options.coldStart());
    try {
      await work();
    } finally {
      this.#idleSince.push(this.clock.now());
    }
  }
}
