/** One reader for all who wait: the keys that are due are read in batches, each as often as its pacing wants. */
import type { Clock } from '../core/clock.ts';
import type { StoredRecord } from '../core/request/record.ts';

/** BatchGetItem takes so many. */
const KEYS_PER_READ = 100;
/** Reads are at least this far apart: at most a thousand keys a second, whatever waits. */
const READ_EVERY_MS = 100;

export interface ReaderPorts {
  /** At most {@link KEYS_PER_READ} keys; may lag behind writes. What is not there is left out. */
  read(keys: readonly string[]): Promise<StoredRecord[]>;
  clock: Clock;
}

/** Somebody who waits for a change of some records. */
export interface Watch {
  /** Keys to read, at most two. */
  keys(): string[];
  /** What was found of them. Returns milliseconds until the next look, or undefined when nothing more is wanted. */
  see(found: ReadonlyMap<string, StoredRecord>): number | undefined;
  /** A read failed, again and again. */
  fail(error: unknown): void;
}

/** After so many failures in a row everybody who waits hears of it. */
const MOST_FAILURES = 5;
const PAUSE_AFTER_FAILURE_MS = 1_000;

export class RecordReader {
  readonly #due = new Map<Watch, number>();
  readonly #ports: ReaderPorts;
  #running = false;
  #failures = 0;

  constructor(ports: ReaderPorts) {
    this.#ports = ports;
  }

  /** Looks at the watch for the first time in so many milliseconds. */
  add(watch: Watch, inMs: number): void {
    this.#due.set(watch, this.#ports.clock.now() + inMs);
    if (!this.#running) void this.#run();
  }

  remove(watch: Watch): void {
    this.#due.delete(watch);
  }

  async #run(): Promise<void> {
    this.#running = true;
    const { clock } = this.#ports;
    while (this.#due.size > 0) {
      const begun = clock.now();
      await this.#round(begun);
      await clock.sleep(Math.max(0, READ_EVERY_MS - (clock.now() - begun)));
    }
    this.#running = false;
  }

  async #round(now: number): Promise<void> {
    const batch: Watch[] = [];
    const keys = new Set<string>();
    // The longest overdue first: none is left out for long, however many there are.
    const due = [...this.#due].filter(([, at]) => at <= now).sort(([, a], [, b]) => a - b);
    for (const [watch] of due) {
      const wanted = watch.keys();
      if (keys.size + wanted.length > KEYS_PER_READ) break;
      batch.push(watch);
      for (const key of wanted) keys.add(key);
    }
    if (batch.length === 0) return;
    const found = await this.#read([...keys]);
    if (found === undefined) return;
    for (const watch of batch) {
      if (!this.#due.has(watch)) continue;
      const next = watch.see(found);
      if (next === undefined) this.#due.delete(watch);
      else this.#due.set(watch, this.#ports.clock.now() + next);
    }
  }

  async #read(keys: string[]): Promise<Map<string, StoredRecord> | undefined> {
    try {
      const records = await this.#ports.read(keys);
      this.#failures = 0;
      return new Map(records.map((record) => [record.request_id, record]));
    } catch (error) {
      this.#failures += 1;
      if (this.#failures < MOST_FAILURES) {
        await this.#ports.clock.sleep(PAUSE_AFTER_FAILURE_MS);
        return undefined;
      }
      this.#failures = 0;
      for (const watch of [...this.#due.keys()]) {
        this.#due.delete(watch);
        watch.fail(error);
      }
      return undefined;
    }
  }
}
