/** How fast a lane releases while work waits: what it can really use of its limits, whatever holds back the rest. */
import type { LaneFigures } from '../lane/ports.ts';

const BIN_MS = 10_000;
/** After a rest a whole minute's quota may be released at once: that says nothing of the time after it. */
const FIRST_MINUTE_MS = 60_000;
/** The pace is that of the last minute or two. */
const BINS = 9;

type Figures = Pick<LaneFigures, 'pace' | 'busy_since'>;

export class PaceWatch {
  #busySince: number | undefined;
  #pace: number | undefined;
  /** Minutes of the limits released since then. */
  #bin: { from: number; minutes: number } | undefined;
  /** That the pace was taken from. */
  #bins: number;

  /** @param before what a predecessor knew */
  constructor({ busy_since, pace }: Figures = {}) {
    this.#busySince = busy_since;
    this.#pace = pace;
    this.#bins = pace === undefined ? 0 : BINS;
  }

  /**
   * After each tick.
   * @param minutes of the whole limits that were released
   * @param waits work waits still
   */
  note(now: number, minutes: number, waits: boolean): void {
    if (!waits) {
      this.#busySince = undefined;
      this.#pace = undefined;
      this.#bin = undefined;
      this.#bins = 0;
      return;
    }
    this.#busySince ??= now;
    if (now < this.#busySince + FIRST_MINUTE_MS) return;
    if (this.#bin === undefined) {
      this.#bin = { from: now, minutes: 0 };
      return;
    }
    this.#bin.minutes += minutes;
    const took = now - this.#bin.from;
    if (took < BIN_MS) return;
    this.#bins = Math.min(BINS, this.#bins + 1);
    const pace = (this.#bin.minutes * 60_000) / took;
    this.#pace = this.#pace === undefined ? pace : this.#pace + (pace - this.#pace) / this.#bins;
    this.#bin = { from: now, minutes: 0 };
  }

  /** What is known is in it. */
  get figures(): Figures {
    return {
      ...(this.#busySince !== undefined && { busy_since: this.#busySince }),
      ...(this.#pace !== undefined && { pace: Number(this.#pace.toPrecision(3)) }),
    };
  }
}
