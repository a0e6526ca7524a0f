/** The Requests table's stream with its event source: batches in order, repeated from the first change that failed. */
import type { StreamChange } from '../../core/reporting/batch.ts';
import type { StoredRecord } from '../../core/request/record.ts';
import type { VirtualClock } from '../simulation/virtual-clock.ts';

export interface StreamOptions {
  clock: VirtualClock;
  /** Sequence numbers that failed. A rejection fails the whole batch. */
  deliver(batch: StreamChange[]): Promise<string[]>;
}

const BATCH_SIZE = 100;
const WINDOW_MS = 5_000;
const RETRY_MS = 1_000;

export class ChangeStream {
  /** Every image, in order. */
  readonly images: { at: number; record: StoredRecord }[] = [];
  readonly #options: StreamOptions;
  #read = 0;
  #busy = false;

  constructor(options: StreamOptions) {
    this.#options = options;
  }

  /** Whether all changes have been counted. */
  get isEmpty(): boolean {
    return this.#read === this.images.length && !this.#busy;
  }

  append(record: StoredRecord): void {
    this.images.push({ at: this.#options.clock.now(), record });
    if (!this.#busy) this.#readAfter(WINDOW_MS);
  }

  #readAfter(ms: number): void {
    const { clock } = this.#options;
    this.#busy = true;
    clock.at(clock.now() + ms, () => clock.spawn(() => this.#deliver()));
  }

  async #deliver(): Promise<void> {
    const batch = this.images.slice(this.#read, this.#read + BATCH_SIZE).map(({ record }, index) => ({
      sequenceNumber: String(this.#read + index).padStart(12, '0'),
      read: () => record,
    }));
    const failed = await this.#options
      .deliver(batch)
      .catch(() => batch.map(({ sequenceNumber }) => sequenceNumber));
    const lowest = failed.map(Number).sort((a, b) => a - b)[0];
    this.#read = lowest ?? this.#read + batch.length;
    this.#busy = false;
    if (this.#read < this.images.length) this.#readAfter(lowest === undefined ? 0 : RETRY_MS);
  }
}
