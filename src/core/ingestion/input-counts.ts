import type { Clock } from '../clock.ts';
import { contextLimitOf, isCounted, laneOf } from '../lane/catalog/catalog.ts';
import type { Log } from '../log.ts';
import { foundationModelId } from '../request/model-id.ts';
import type { Call } from '../request/payload.ts';
import { estimateInput, type InputEstimate } from '../request/tokens.ts';

export interface TokenCounter {
  /** Input tokens as the model (a foundation model's id) counts them; undefined when it does not say. May reject. */
  count(modelId: string, call: Call): Promise<number | undefined>;
}

/** Smaller inputs are not worth a call: the error of their estimate is small compared with any max tokens. */
export const COUNTED_FROM_TOKENS = 1_000;
/** After a failure, this container estimates the lane's inputs for this long. */
export const REST_MS = 30_000;

/**
 * Exact inputs instead of estimates, where Bedrock counts them beforehand and that is worth a call. It happens here because a
 * request is counted once, however often it is called, and because the check of its size and the engine then use the exact count.
 */
export class InputCounts {
  readonly #restUntil = new Map<string, number>();
  readonly #ports: { counter?: TokenCounter; clock: Pick<Clock, 'now'>; log: Log };

  /** @param ports without a counter everything stays as estimated */
  constructor(ports: { counter?: TokenCounter; clock: Pick<Clock, 'now'>; log: Log }) {
    this.#ports = ports;
  }

  /**
   * The input counted, or else estimated. Never rejects: an estimate is good enough.
   * @param model the id by which the model is known
   */
  async sizeOf(requestId: string, model: string, call: Call): Promise<InputEstimate> {
    const { counter, clock, log } = this.#ports;
    const lane = laneOf(model);
    const estimate = withinContext(lane, estimateInput(model, call.payload));
    const { tokens: estimated } = estimate;
    if (counter === undefined || estimated < COUNTED_FROM_TOKENS || !isCounted(lane)) return estimate;
    if (clock.now() < (this.#restUntil.get(lane) ?? 0)) return estimate;
    try {
      const counted = await counter.count(foundationModelId(model), call);
      if (counted === undefined) return estimate;
      log('input.counted', { request_id: requestId, lane, estimated, input_tokens: counted });
      return { ...estimate, tokens: counted, least: counted, kind: 'text' };
    } catch (error) {
      this.#restUntil.set(lane, clock.now() + REST_MS);
      const name = error instanceof Error ? error.name : 'unknown';
      log('input.not_counted', { request_id: requestId, lane, error: name, rest_ms: REST_MS });
      return estimate;
    }
  }
}

/** Bedrock takes no input that exceeds the model's context, so it never reserves more for one. */
function withinContext(lane: string, { tokens, least, ...estimate }: InputEstimate): InputEstimate {
  const context = contextLimitOf(lane) ?? Number.POSITIVE_INFINITY;
  return { ...estimate, tokens: Math.min(tokens, context), least: Math.min(least, context) };
}
