/** Lets several processes make one call at a time, in an order that is chosen from outside. */
import type { VirtualClock } from '../simulation/virtual-clock.ts';
import { nameOf, type PortCall } from './calls.ts';
import type { CallInterceptor, Instance } from './instance.ts';

/** Calls that read what nobody in a race changes: when they are made makes no difference. */
const UNCHANGING = new Set([
  ...['settings.read', 'control.pauseOf', 'quotas.limitsOf', 'payloads.get', 'payloads.put'],
  'directory.adoptEarlier',
  ...['files.describe', 'files.text', 'files.read'],
]);
/** Calls that change nothing: the order in which a process gets their answers makes no difference to it. */
const READING = new Set(['records.read', 'directory.list', 'registry.list', 'reports.since']);
for (const name of [
  'backlog.heads',
  'backlog.since',
  'due.due',
  'leases.expired',
  'watch.status',
  'inbox.read',
  'batches.read',
  'lookup.find',
])
  READING.add(name);

interface Step {
  process: string;
  /** The number of the step in its process, by the order in which the process asked. */
  nth: number;
  name: string;
  take(): Promise<unknown>;
}

interface Process {
  asked: number;
  /** The answers so far, by the order of asking, and the order of those that changed something. */
  answers: Map<number, string>;
  changes: number[];
  ended: boolean;
}

export class Scheduler {
  readonly #clock: VirtualClock;
  readonly #waiting: Step[] = [];
  readonly #processes = new Map<string, Process>();

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  /** Starts a process whose calls and sleeps become steps. It may fail, which is not an error of the race. */
  start(name: string, instance: Instance, work: (gate: CallInterceptor) => Promise<unknown>): void {
    const process: Process = { asked: 0, answers: new Map(), changes: [], ended: false };
    this.#processes.set(name, process);
    const gate: CallInterceptor = (call, proceed) => this.#ask(name, process, call, proceed);
    instance.clock.sleep = (ms) => {
      const until = this.#clock.now() + ms;
      const sleep = { port: 'clock', method: 'sleep', args: [until] };
      return this.#ask(name, process, sleep, () => this.#clock.run(until)) as Promise<void>;
    };
    work(gate)
      .catch(() => undefined)
      .finally(() => {
        process.ended = true;
      });
  }

  /** Lets all processes go on until each waits for a step. Returns the process of each step that can be taken. */
  async ready(): Promise<string[]> {
    await new Promise((resolve) => setImmediate(resolve));
    return this.#waiting.map(({ process }) => process);
  }

  get allEnded(): boolean {
    return [...this.#processes.values()].every(({ ended }) => ended);
  }

  /** Takes one of the waiting steps, counted by process and by the order of asking. Returns its name. */
  async take(choice: number): Promise<string> {
    const [step] = this.#waiting.splice(choice, 1);
    if (step === undefined) throw new RangeError(`There is no step ${choice} to take`);
    // A sleep moves the clock itself; a call that takes time lets only the events happen that it needs.
    await (step.name === 'clock.sleep' ? step.take() : this.#clock.complete(step.take()));
    return `${step.process}: ${step.name}`;
  }

  /** What the processes know: with the same knowledge, the same world has the same future. */
  knowledge(): string {
    const known = [...this.#processes].map(([name, { answers, changes, ended }]) => [
      name,
      ended,
      [...answers].sort(([a], [b]) => a - b),
      changes,
    ]);
    return JSON.stringify([known, this.#waiting.map(({ process, nth }) => [process, nth])]);
  }

  async #ask(
    name: string,
    process: Process,
    call: PortCall,
    proceed: () => Promise<unknown>,
  ): Promise<unknown> {
    const callName = nameOf(call);
    if (UNCHANGING.has(callName)) return proceed();
    const nth = process.asked;
    process.asked += 1;
    return new Promise((resolve, reject) => {
      const take = async () => {
        const note = (answer: unknown) => {
          process.answers.set(nth, withoutNonces(answer));
          if (!READING.has(callName)) process.changes.push(nth);
        };
        try {
          const answer = await proceed();
          note(answer);
          resolve(answer);
        } catch (error) {
          note(String(error));
          reject(error);
        }
      };
      this.#waiting.push({ process: name, nth, name: callName, take });
      this.#waiting.sort((a, b) => (a.process < b.process ? -1 : a.process > b.process ? 1 : a.nth - b.nth));
    });
  }
}

/** The random part of a lease's id. */
const RANDOM = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/**
 * A nonce counts the writes in this world, and a lease has a random id, so they would tell apart histories that are the same to
 * everybody.
 */
export function withoutNonces(value: unknown): string {
  const text = JSON.stringify(value, (name, part) =>
    name === 'nonce' && String(part).startsWith('w') ? undefined : part,
  );
  return text?.replaceAll(RANDOM, '') ?? 'undefined';
}
