import type { SlotReport } from '../call-counters.ts';

/** Sums of what reports have told. */
export interface ToldSums {
  /** Calls. */
  throttled: number;
  /** Tokens, by right-sized max tokens; negative when reruns cost more. */
  wonBack: number;
  /** Calls, by the start that was promised when they were accepted. */
  promisesKept: number;
  promisesBroken: number;
}

const NOTHING: ToldSums = { throttled: 0, wonBack: 0, promisesKept: 0, promisesBroken: 0 };

/** Gathers what reports tell until it is taken. */
export class Told {
  #sums: ToldSums = { ...NOTHING };

  /** @param delta what has been counted since the last look */
  note(delta: SlotReport): void {
    this.#sums.throttled += delta.throttled;
    this.#sums.wonBack += delta.won_back;
    this.#sums.promisesKept += delta.promises_kept;
    this.#sums.promisesBroken += delta.promises_broken;
  }

  /** Nothing has been told since the sums were taken. */
  get isEmpty(): boolean {
    return Object.values(this.#sums).every((sum) => sum === 0);
  }

  /** What has been told since the last call. */
  take(): ToldSums {
    const sums = this.#sums;
    this.#sums = { ...NOTHING };
    return sums;
  }
}
