import type { Clock } from '../clock.ts';
import { isCounted } from '../lane/catalog/catalog.ts';
import type { Log } from '../log.ts';
import type { Payload } from '../request/hold-message.ts';
import { foundationModelId } from '../request/model-id.ts';
import type { RequestRecord } from '../request/record.ts';

export interface TokenCounter {
  /** Input tokens as the model (a foundation model's id) counts them; undefined when it does not tell. Rejects at will. */
  count(modelId: string, call: Payload): Promise<number | undefined>;
}

/** Smaller inputs are not worth a call: what their estimate errs by is little beside any max tokens. */
export const COUNTED_FROM_TOKENS = 1_000;
/** After a failure the lane's inputs are estimated for so long, in this container. */
export const REST_MS = 30_000;

/**
 * Exact inputs instead of estimates, where Bedrock counts them beforehand and that is worth a call. Here and not later: once
 * for each request, however often it is called, before it is judged whether it fits, and the engine plans with it.
 */
export class InputCounts {
  readonly #restUntil = new Map<string, number>();

  /** @param ports without a counter everything stays as estimated */
  constructor(private readonly ports: { counter?: TokenCounter; clock: Pick<Clock, 'now'>; log: Log }) {}

  /**
   * The record with its input counted, or as it is. Never rejects: an estimate is good enough.
   * @param model the id by which the model is known
   */
  async counted(record: RequestRecord, model: string, call: Payload): Promise<RequestRecord> {
    const { counter, clock, log } = this.ports;
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
