/** How long answers take by their length, learned as a line: so long until the first token, and so long for each one. */
import type { SlotReport } from '../call-counters.ts';
import { HALF_LIFE_SAMPLES } from './distribution.ts';

/** With fewer samples, or lengths that hardly differ, the line says nothing. */
const MIN_SAMPLES = 30;
const MIN_SPREAD_TOKENS = 50;

/** Weight of the samples, and their sums: tokens, milliseconds, their products, tokens squared. */
export type AnswerTimeState = [samples: number, tokens: number, ms: number, product: number, squares: number];

export class AnswerTime {
  #state: AnswerTimeState;

  constructor(state: AnswerTimeState = [0, 0, 0, 0, 0]) {
    this.#state = state;
  }

  learn({ settled, output, answer_ms, answer_ms_by_output, output_squared }: SlotReport): void {
    // Reports of an earlier release do not tell.
    if (answer_ms === 0) return;
    const decay = 0.5 ** (settled / HALF_LIFE_SAMPLES);
    const [samples, tokens, ms, product, squares] = this.#state;
    this.#state = [
      samples * decay + settled,
      tokens * decay + output,
      ms * decay + answer_ms,
      product * decay + answer_ms_by_output,
      squares * decay + output_squared,
    ];
  }

  /** The longest answer that fits into this time, in tokens; undefined while nothing is known. */
  tokensWithin(availableMs: number): number | undefined {
    const [samples, tokens, ms, product, squares] = this.#state;
    const variance = squares / samples - (tokens / samples) ** 2;
    if (samples < MIN_SAMPLES || variance < MIN_SPREAD_TOKENS ** 2) return undefined;
    const msPerToken = (product / samples - (tokens / samples) * (ms / samples)) / variance;
    const firstTokenMs = ms / samples - (tokens / samples) * msPerToken;
    if (msPerToken <= 0) return undefined;
    return Math.max(1, Math.floor((availableMs - Math.max(0, firstTokenMs)) / msPerToken));
  }

  snapshot(): AnswerTimeState | undefined {
    const rounded = this.#state.map((sum) => Math.round(sum)) as AnswerTimeState;
    return rounded[0] === 0 ? undefined : rounded;
  }
}
