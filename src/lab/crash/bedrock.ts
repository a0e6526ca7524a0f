/** Bedrock by script: what each request meets, call by call, on a quota counted as its documentation says. */
import { ModelError, type ModelErrorDetails } from '../../core/invocation/errors.ts';
import type { ModelAnswer, ModelCall, ModelRuntime } from '../../core/invocation/ports.ts';
import { laneOf } from '../../core/lane/catalog/catalog.ts';
import { forkRandom } from '../simulation/random.ts';
import { idOfPayload } from '../simulation/requests.ts';
import { VirtualBedrock } from '../simulation/virtual-bedrock.ts';
import type { VirtualClock } from '../simulation/virtual-clock.ts';

export type Meeting = 'small' | 'large' | 'truncated' | 'throttled' | 'transient' | 'invalid' | 'denied';

export interface BedrockLimits {
  requestsPerMinute: number;
  tokensPerMinute: number;
}

const INPUT_TOKENS = 12;
const OUTPUT_TOKENS = 40;
/** Beyond what a record holds itself. */
const LARGE_TEXT = 'x'.repeat(9_000);

const REFUSALS: Partial<Record<Meeting, ModelErrorDetails>> = {
  throttled: { kind: 'throttled', type: 'ThrottlingException', message: 'Too many requests, please wait' },
  transient: { kind: 'transient', type: 'InternalServerException', message: 'Something went wrong' },
  invalid: { kind: 'invalid', type: 'ValidationException', message: 'messages: must alternate' },
  denied: { kind: 'denied', type: 'AccessDeniedException', message: 'No access to the model' },
};

export class ScriptedBedrock implements ModelRuntime {
  /** Ids of the requests called, in order, refused calls included. */
  readonly called: string[] = [];
  readonly #model: VirtualBedrock;
  readonly #scripts = new Map<string, Meeting[]>();

  constructor(
    clock: VirtualClock,
    modelId: string,
    limits: BedrockLimits,
    private readonly onCall: (requestId: string) => void,
  ) {
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

  /** Calls that the quota refused: by its own count, not by script. */
  get throttled(): number {
    return this.#model.seen.filter(({ end }) => end === 'throttled').length;
  }

  /** The request meets these, one a call; afterwards small answers. */
  script(requestId: string, meetings: readonly Meeting[]): void {
    this.#scripts.set(requestId, [...meetings]);
  }

  async call(call: ModelCall): Promise<ModelAnswer> {
    const id = idOfPayload(call.payload);
    this.called.push(id);
    this.onCall(id);
    const meeting = this.#next(id);
    const refusal = REFUSALS[meeting];
    if (refusal !== undefined) throw new ModelError(refusal);
    const answer = await this.#model.call(call);
    if (meeting === 'truncated') return { ...answer, stopReason: 'max_tokens' };
    const text = meeting === 'large' ? LARGE_TEXT : `answer ${this.called.length} to ${id}`;
    return { ...answer, output: { message: { role: 'assistant', content: [{ text }] } } };
  }

  /** What is invalid stays so, however often it is asked. */
  #next(requestId: string): Meeting {
    const script = this.#scripts.get(requestId) ?? [];
    return (script[0] === 'invalid' ? script[0] : script.shift()) ?? 'small';
  }
}
