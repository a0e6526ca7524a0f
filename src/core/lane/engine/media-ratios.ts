/** How well inputs that are mostly media have been estimated, learned for each kind of media: a PDF says nothing of images. */
import type { InputKind } from '../../request/tokens.ts';
import { RATIO_UNIT, type SlotReport } from '../call-counters.ts';
import { HALF_LIFE_SAMPLES, type Moments } from './distribution.ts';

/** With fewer samples the estimate stands as it is: one small document does not make the next one small. */
const MIN_SAMPLES = 30;

type Sums = [samples: number, ratios: number, squares: number];
export type MediaRatiosState = [kind: InputKind, sums: Sums][];

export class MediaRatios {
  readonly #kinds: Map<InputKind, Sums>;

  constructor(state: MediaRatiosState = []) {
    this.#kinds = new Map(state);
  }

  learn({ media }: SlotReport): void {
    for (const [kind, { calls, ratio, ratio_squared }] of media) {
      const decay = 0.5 ** (calls / HALF_LIFE_SAMPLES);
      const [samples, ratios, squares] = this.#kinds.get(kind) ?? [0, 0, 0];
      this.#kinds.set(kind, [
        samples * decay + calls,
        ratios * decay + ratio,
        squares * decay + ratio_squared,
      ]);
    }
  }

  /** Real tokens for each estimated one. */
  of(kind: InputKind): Moments {
    const [samples, ratios, squares] = this.#kinds.get(kind) ?? [0, 0, 0];
    if (samples < MIN_SAMPLES) return { mean: 1, variance: 0 };
    const mean = ratios / samples;
    const variance = Math.max(0, squares / samples - mean ** 2);
    return { mean: mean / RATIO_UNIT, variance: variance / RATIO_UNIT ** 2 };
  }

  /** Undefined while there is nothing to tell. */
  snapshot(): MediaRatiosState | undefined {
    if (this.#kinds.size === 0) return undefined;
    return [...this.#kinds].map(([kind, sums]) => [kind, sums.map(Math.round) as Sums]);
  }
}
