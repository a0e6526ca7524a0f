/** Bedrock that answers each request by a script, call by call, and counts its quota as documented. */
import { ModelError, type ModelErrorDetails } from '../../core/invocation/errors.ts';
import type { ModelAnswer, ModelCall, ModelRuntime } from '../../core/invocation/ports.ts';
import { laneOf } from '../../core/lane/catalog/catalog.ts';
import { forkRandom } from '../simulation/random.ts';
import { idOfPayload } from '../simulation/requests.ts';
import { VirtualBedrock } from '../simulation/virtual-bedrock.ts';
import type { VirtualClock } from '../simulation/virtual-clock.ts';

export type Meeting =
  | 'small'
  | 'slow'
  | 'large'
  | 'truncated'
  | 'throttled'
  | 'transient'
  | 'invalid'
  | 'denied';

export interface BedrockLimits {
  requestsPerMinute: number;
  tokensPerMinute: number;
}

const INPUT_TOKENS = 12;
const OUTPUT_TOKENS = 40;
export const TOKENS_PER_CALL = INPUT_TOKENS + OUTPUT_TOKENS;
/** What a slow answer takes longer than others. */
const SLOW_MS = 4_000;
/** Too large for the record. */
const LARGE_TEXT = 'x'.repeat(9_000);

const REFUSALS: Partial<Record<Meeting, ModelErrorDetails>> = {
  throttled: { kind: 'throttled', type: 'ThrottlingException', message: 'Too many requests, please wait' },
  transient: { kind: 'transient', type: 'InternalServerException', message: 'Something went wrong' },
  invalid: { kind: 'invalid', type: 'ValidationException', message: 'messages: must alternate' },
  denied: { kind: 'denied', type: 'AccessDeniedException', message: 'No access to the model' },
};

export class ScriptedBedrock implements ModelRuntime {
  /** Ids of the requests that were called, in order, including calls that were refused. */
  readonly called: string[] = [];
  readonly #model: VirtualBedrock;
  readonly #scripts = new Map<string, Meeting[]>();
  readonly #onCall: (requestId: string) => void;

  constructor(
    private readonly clock: VirtualClock,
    modelId: string,
    limits: BedrockLimits,
    onCall: (requestId: string) => void,
  ) {
    this.#onCall = onCall;
    const lane = laneOf(modelId);
    this.#model = new VirtualBedrock({
      clock,
      random: forkRandom(1, 'bedrock'),
      enforcement: 'sliding-window',
      limits: { [lane]: limits },
      latency: { firstTokenMs: 200, perTokenMs: 10 },
      network: () => 5,
      truthOf: () => ({ lane, inputTokens: INPUT_TOKENS, outputTokens: OUTPUT_TOKENS, burndown: 1 }),
    });
  }

  /** Calls that the quota refused, by its own count and not by the script. */
  get throttled(): number {
    return this.#model.seen.filter(({ end }) => end === 'throttled').length;
  }

  /** The request's calls meet these one after the other, and then small answers. */
  script(requestId: string, meetings: readonly Meeting[]): void {
    this.#scripts.set(requestId, [...meetings]);
  }

  async call(call: ModelCall): Promise<ModelAnswer> {
    const id = idOfPayload(call.payload);
    this.called.push(id);
    this.#onCall(id);
    const meeting = this.#next(id);
    const refusal = REFUSALS[meeting];
    if (refusal !== undefined) throw new ModelError(refusal);
    const answer = await this.#model.call(call);
    if (meeting === 'slow') await this.clock.sleep(SLOW_MS);
    if (meeting === 'truncated') return { ...answer, stopReason: 'max_tokens' };
    const text = meeting === 'large' ? LARGE_TEXT : `answer ${this.called.length} to ${id}`;
    return { ...answer, body: JSON.stringify({ message: { role: 'assistant', content: [{ text }] } }) };
  }

  /** An invalid request stays invalid, however often it is sent. */
  #next(requestId: string): Meeting {
    const script = this.#scripts.get(requestId) ?? [];
    return (script[0] === 'invalid' ? script[0] : script.shift()) ?? 'small';
  }
}
