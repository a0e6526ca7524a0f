/** A function's execution environments: a call that finds none idle pays for a cold start. */
import type { Clock } from '../../core/clock.ts';
import type { Delay } from './delays.ts';

export interface EnvironmentOptions {
  coldStart: Delay;
  /** How long an idle environment is kept. */
  keptMs: number;
}

/** What Lambda bills of a function's runs. */
export interface RunTime {
  starts: number;
  /** Run time in all, cold starts included. */
  busyMs: number;
}

export class Environments {
  readonly runTime: RunTime = { starts: 0, busyMs: 0 };
  /** When each idle environment was last used, the latest last. */
  readonly #idleSince: number[] = [];

  constructor(
    private readonly clock: Clock,
    private readonly options: EnvironmentOptions,
  ) {}

  /** Runs in an environment, in a new one if need be. */
  async run(work: () => Promise<void>): Promise<void> {
    const begunAt = this.clock.now();
    const idleSince = this.#idleSince.pop();
    const cold = idleSince === undefined || idleSince + this.options.keptMs < this.clock.now();
    if (cold) await this.clock.sleep(this.options.coldStart());
    try {
      await work();
    } finally {
      this.#idleSince.push(this.clock.now());
      this.runTime.starts += 1;
      this.runTime.busyMs += this.clock.now() - begunAt;
    }
  }
}
