import type { Clock } from '../../core/clock.ts';
import { DeadlockError } from './errors.ts';
import { EventQueue } from './event-queue.ts';

/**
 * Time that passes only from event to event. After each event every promise job that it set off runs to its end
 * before the next event happens, so a run depends on nothing but its inputs.
 *
 * The code that runs on it may wait for promises and for this clock, for nothing else: real timers and real
 * input and output are invisible to it.
 */
export class VirtualClock implements Clock {
  readonly #events = new EventQueue();
  #now: number;
  #pending = 0;
  #failures: unknown[] = [];
  #happened = 0;

  /** @param startMs epoch milliseconds of the beginning */
  constructor(startMs = 0) {
    this.#now = startMs;
  }

  now(): number {
    return this.#now;
  }

  sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => this.at(this.#now + milliseconds, resolve));
  }

  /** Schedules an event: at a whole millisecond, rounded up as a real timer's, and at once when its time is past. */
  at(epochMs: number, happen: () => void): void {
    this.#events.add(Math.max(Math.ceil(epochMs), this.#now), happen);
  }

  /** Starts work that nobody awaits: its failure surfaces from the running {@link run} or {@link complete}. */
  spawn(task: () => Promise<void>): void {
    this.#pending += 1;
    task()
      .catch((error) => this.#failures.push(error))
      .finally(() => {
        this.#pending -= 1;
      });
  }

  /** Events that have happened. */
  get happened(): number {
    return this.#happened;
  }

  /**
   * Lets time pass until `untilMs`, events of that instant included.
   * @throws DeadlockError when spawned work remains that no event can wake
   */
  async run(untilMs: number): Promise<void> {
    await this.#drain();
    while ((this.#events.nextAt ?? Number.POSITIVE_INFINITY) <= untilMs) await this.#step();
    if (this.#events.size === 0 && this.#pending > 0) throw new DeadlockError(this.#now, this.#pending);
    this.#now = Math.max(this.#now, untilMs);
  }

  /**
   * Lets time pass until `task` has settled, and no further.
   * @throws DeadlockError when nothing is scheduled any more and the task has not settled
   */
  async complete<T>(task: Promise<T>): Promise<T> {
    let settled = false;
    const note = () => {
      settled = true;
    };
    task.then(note, note);
    await this.#drain();
    while (!settled) {
      if (this.#events.size === 0) throw new DeadlockError(this.#now, this.#pending + 1);
      await this.#step();
    }
    return task;
  }

  async #step(): Promise<void> {
    this.#now = this.#events.nextAt ?? this.#now;
    this.#happened += 1;
    this.#events.take()?.();
    await this.#drain();
  }

  /** All promise jobs and ticks run before the event loop comes to an immediate. */
  async #drain(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#failures.length > 0) throw this.#failures.shift();
  }
}
