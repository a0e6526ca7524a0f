import type { Clock } from '../../core/clock.ts';
import type { Delay } from './delays.ts';

/** The same port, each of whose calls takes its time before it takes effect. */
export function delayed<T extends object>(port: T, clock: Clock, delay: Delay): T {
  const calls = Object.entries(port).map(([name, call]) => [
    name,
    async (...parameters: unknown[]) => {
      await clock.sleep(delay());
      return (call as (...parameters: unknown[]) => unknown).apply(port, parameters);
    },
  ]);
  return Object.fromEntries(calls) as T;
}
