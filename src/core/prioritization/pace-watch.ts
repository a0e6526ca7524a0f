/** How fast a lane releases while work waits: what it can really use of its limits, whatever holds back the rest. */
import { WINDOW_MS } from '../lane/engine/ledger.ts';
import type { LaneFigures } from '../lane/ports.ts';
import { LEASE_MS } from './lane-writes.ts';

type Figures = Pick<LaneFigures, 'pace' | 'busy_since'>;

export class PaceWatch {
  #busySince: number | undefined;

  /** @param shown what a predecessor showed; long ago, it says nothing of the time since */
  constructor(shown: LaneFigures | undefined, now: number) {
    const shownAt = shown?.backlog?.at ?? Number.NEGATIVE_INFINITY;
    this.#busySince = now < shownAt + 2 * LEASE_MS ? shown?.busy_since : undefined;
  }

  /**
   * What is known is in it. The pace is that of a whole minute: what goes at once after a rest goes so again each time a minute is
   * over, and shorter times tell of the lump alone.
   * @param isBusy work waits that may be released
   * @param lately minutes of the limits that the last minute has released
   */
  figures(now: number, isBusy: boolean, lately: number): Figures {
    this.#busySince = isBusy ? (this.#busySince ?? now) : undefined;
    if (this.#busySince === undefined) return {};
    if (now < this.#busySince + WINDOW_MS) return { busy_since: this.#busySince };
    return { busy_since: this.#busySince, pace: Number(lately.toPrecision(3)) };
  }
}
