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
  /** Run time in all, cold starts included, and what has not ended as far as it has come. */
  busyMs: number;
}

export class Environments {
  #starts = 0;
  /** Of runs that have ended. */
  #endedMs = 0;
  /** When each run that has not ended began. */
  readonly #running = new Set<{ begunAt: number }>();
  /** When each idle environment was last used, the latest last. */
  readonly #idleSince: number[] = [];

  constructor(
    private readonly clock: Clock,
    private readonly options: EnvironmentOptions,
  ) {}

  get runTime(): RunTime {
    const now = this.clock.now();
    const runningMs = [...this.#running].reduce((sum, { begunAt }) => sum + now - begunAt, 0);
    return { starts: this.#starts, busyMs: this.#endedMs + runningMs };
  }

  /** Runs in an environment, in a new one if need be. */
  async run(work: () => Promise<void>): Promise<void> {
    const run = { begunAt: this.clock.now() };
    this.#running.add(run);
    this.#starts += 1;
    const idleSince = this.#idleSince.pop();
    const cold = idleSince === undefined || idleSince + this.options.keptMs < this.clock.now();
    if (cold) await this.clock.sleep(this.options.coldStart());
    try {
      await work();
    } finally {
      this.#idleSince.push(this.clock.now());
      this.#running.delete(run);
      this.#endedMs += this.clock.now() - run.begunAt;
    }
  }
}
