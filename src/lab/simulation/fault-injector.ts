/** What goes wrong at random around the smoother: calls that fail or whose answer is lost, workers that die. */

import { InjectedFaultError } from './errors.ts';
import type { Random } from './random.ts';

/** Rates as shares, 0-1. */
export interface InjectionRates {
  /** Of calls to AWS: half fail before they take effect, half after. */
  failedCalls: number;
  /** Of invocations of workers and leaders: they stop at some call, without a word. */
  deaths: number;
  /** Of queue messages: they come twice. */
  duplicates: number;
}

export interface InjectionCounts {
  failedCalls: number;
  deaths: number;
  duplicates: number;
}

/** A dying invocation makes at most so many more calls. */
const LAST_CALLS = 12;

export class FaultInjector {
  readonly counts: InjectionCounts = { failedCalls: 0, deaths: 0, duplicates: 0 };

  constructor(
    private readonly rates: InjectionRates,
    private readonly random: Random,
  ) {}

  isDuplicated(): boolean {
    const happens = this.random() < this.rates.duplicates;
    if (happens) this.counts.duplicates += 1;
    return happens;
  }

  /** The same ports, whose calls fail now and then. */
  unreliable<T extends object>(ports: T): T {
    return wrapped(ports, async (call) => {
      const draw = this.random();
      const fails = draw < this.rates.failedCalls;
      if (fails) this.counts.failedCalls += 1;
      if (fails && draw < this.rates.failedCalls / 2) throw new InjectedFaultError('not done');
      const answer = await call();
      if (fails) throw new InjectedFaultError('done, the answer lost');
      return answer;
    });
  }

  /** Runs an invocation, which may die at one of its calls: no later call of it has any effect. */
  async live<T extends object>(ports: T, invocation: (ports: T) => Promise<void>): Promise<void> {
    if (this.random() >= this.rates.deaths) return invocation(ports);
    let left = Math.floor(this.random() * LAST_CALLS);
    return new Promise((resolve, reject) => {
      const die = () => {
        this.counts.deaths += 1;
        reject(new InjectedFaultError('dead'));
        return new Promise<never>(() => undefined);
      };
      const mortal = wrapped(ports, (call) =>
        left-- > 0 ? call() : left === -1 ? die() : new Promise(() => undefined),
      );
      invocation(mortal).then(resolve, reject);
    });
  }
}

/** Ports (objects of calls) whose every call goes through `around`. */
export function wrapped<T extends object>(
  ports: T,
  around: (call: () => Promise<unknown>) => Promise<unknown>,
): T {
  const wrap = (port: object) =>
    Object.fromEntries(
      Object.entries(port).map(([name, call]) => [
        name,
        (...parameters: unknown[]) =>
          around(() => (call as (...all: unknown[]) => Promise<unknown>).apply(port, parameters)),
      ]),
    );
  return Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, wrap(port)])) as T;
}
