/** What a worker has of its processor for further calls. */
import type { Clock } from '../clock.ts';
import { BUNDLE_SIZE } from '../request/hold-message.ts';
import { MEGABYTES_PER_PROCESSOR } from './memory.ts';
import type { InvocationPorts } from './outcome.ts';

/** Of a whole processor for one call, from its claim to its result: measured with the built function. */
const CALL_PROCESSOR_MS = 20;
/** A worker that is busy for more of its time than this has none left. */
const BUSY_PART = 0.7;

/** As much as a full bundle takes, at most. */
export class ProcessorTime {
  readonly #clock: Clock;
  readonly #callMs: number;
  /** Below zero while it has more to do than it can. */
  #spareMs = 0;
  #at: number;

  constructor({ clock, memoryMegabytes }: Pick<InvocationPorts, 'clock' | 'memoryMegabytes'>) {
    this.#clock = clock;
    this.#at = clock.now();
    this.#callMs = CALL_PROCESSOR_MS / Math.min(1, memoryMegabytes / MEGABYTES_PER_PROCESSOR);
  }

  hasTimeFor(calls: number): boolean {
    const now = this.#clock.now();
    const gainedMs = BUSY_PART * (now - this.#at);
    this.#spareMs = Math.min(BUNDLE_SIZE * this.#callMs, this.#spareMs + gainedMs);
    this.#at = now;
    return calls * this.#callMs <= this.#spareMs;
  }

  get isHalfUsed(): boolean {
    return 2 * this.#spareMs < BUNDLE_SIZE * this.#callMs;
  }

  spend(calls: number): void {
    this.#spareMs -= calls * this.#callMs;
  }
}
