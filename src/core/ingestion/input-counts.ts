import type { Clock } from '../clock.ts';
import { isCounted } from '../lane/catalog/catalog.ts';
import type { Log } from '../log.ts';
import { foundationModelId } from '../request/model-id.ts';
import type { Call } from '../request/payload.ts';
import type { RequestRecord } from '../request/record.ts';

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
   * The record with its input counted, or as it is. Never rejects: an estimate is good enough.
   * @param model the id by which the model is known
   */
  async counted(record: RequestRecord, model: string, call: Call): Promise<RequestRecord> {
    const { counter, clock, log } = this.#ports;
    const { request_id, lane, input_tokens: estimated } = record;
    if (counter === undefined || estimated < COUNTED_FROM_TOKENS || !isCounted(lane)) return record;
    if (clock.now() < (this.#restUntil.get(lane) ?? 0)) return record;
    try {
      const input_tokens = (await counter.count(foundationModelId(model), call)) ?? estimated;
      log('input.counted', { request_id, lane, estimated, input_tokens });
      return { ...record, input_tokens };
    } catch (error) {
      this.#restUntil.set(lane, clock.now() + REST_MS);
      const name = error instanceof Error ? error.name : 'unknown';
      log('input.not_counted', { request_id, lane, error: name, rest_ms: REST_MS });
      return record;
    }
  }
}
