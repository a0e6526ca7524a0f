/** Lets several processes take one call at a time, in an order that is chosen from outside. */
import type { VirtualClock } from '../simulation/virtual-clock.ts';
import { nameOf, type PortCall } from './calls.ts';
import type { CallInterceptor, Instance } from './instance.ts';

/** Calls on what nobody in a race changes: their place among the others makes no difference. */
const UNCHANGING = new Set([
  ...['settings.read', 'control.isPaused', 'quotas.limitsOf', 'payloads.get', 'payloads.put'],
]);
/** Calls that change nothing: in which order a process hears the answers of several makes no difference to it. */
const READING = new Set(['records.read', 'directory.list', 'registry.list', 'reports.since']);
for (const name of ['backlog.heads', 'due.due', 'watch.status', 'inbox.read']) READING.add(name);

interface Step {
  process: string;
  /** Which of the process's steps it is, by the order in which it asked. */
  nth: number;
  name: string;
  take(): Promise<unknown>;
}

interface Process {
  asked: number;
  /** Answers so far, by the order of asking; and the order in which those that changed something came. */
  answers: Map<number, string>;
  changes: number[];
  ended: boolean;
}

export class Scheduler {
  readonly #waiting: Step[] = [];
  readonly #processes = new Map<string, Process>();

  constructor(private readonly clock: VirtualClock) {}

  /** Starts a process, whose calls and sleeps become steps. It may fail: that is its affair. */
  start(name: string, instance: Instance, work: (gate: CallInterceptor) => Promise<unknown>): void {
    const process: Process = { asked: 0, answers: new Map(), changes: [], ended: false };
    this.#processes.set(name, process);
    const gate: CallInterceptor = (call, proceed) => this.#ask(name, process, call, proceed);
    instance.clock.sleep = (ms) => {
      const until = this.clock.now() + ms;
      const sleep = { port: 'clock', method: 'sleep', args: [until] };
      return this.#ask(name, process, sleep, () => this.clock.run(until)) as Promise<void>;
    };
    work(gate)
      .catch(() => undefined)
      .finally(() => {
        process.ended = true;
      });
  }

  /** Lets everybody go on until all wait for a step; returns how many can be taken. */
  async ready(): Promise<number> {
    await new Promise((resolve) => setImmediate(resolve));
    return this.#waiting.length;
  }

  get allEnded(): boolean {
    return [...this.#processes.values()].every(({ ended }) => ended);
  }

  /** Takes one of the waiting steps, in the order of processes and asking. Returns its name. */
  async take(choice: number): Promise<string> {
    const [step] = this.#waiting.splice(choice, 1);
    if (step === undefined) throw new RangeError(`There is no step ${choice} to take`);
    // A sleep moves the clock itself; what else takes time waits for the events that it needs, and no further ones.
    await (step.name === 'clock.sleep' ? step.take() : this.clock.complete(step.take()));
    return `${step.process}: ${step.name}`;
  }

  /** What the processes know: the same knowledge and the same world have the same future. */
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

/** A record's nonce counts the writes of the world: it tells histories apart that are the same to everybody in it. */
export function withoutNonces(value: unknown): string {
  return (
    JSON.stringify(value, (name, part) =>
      name === 'nonce' && String(part).startsWith('w') ? undefined : part,
    ) ?? 'undefined'
  );
}
