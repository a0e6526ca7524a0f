/**
 * Bedrock on the virtual clock: one quota for each lane, counted by the simulator's accounting, which shares no code
 * with the ledger. Keeps a note of every call, for the figures.
 */

import type { Clock } from '../../core/clock.ts';
import { ModelError, type ModelErrorDetails } from '../../core/invocation/errors.ts';
import type { ModelAnswer, ModelCall, ModelRuntime } from '../../core/invocation/ports.ts';
import type { Priority } from '../../core/request/record.ts';
import { type Enforcement, Quota, type QuotaLimits } from '../../local/bedrock/accounting.ts';
import type { Delay } from './delays.ts';
import { logNormal, type Random } from './random.ts';

/** What a call will turn out to be, known to nobody but Bedrock. */
export interface Truth {
  lane: string;
  /** Absent where it is somebody else's. */
  priority?: Priority;
  inputTokens: number;
  /** What the answer would have without max tokens. */
  outputTokens: number;
  burndown: number;
  refusal?: ModelErrorDetails;
}

export interface Latency {
  /** Median until the first token. */
  firstTokenMs: number;
  perTokenMs: number;
}

/** Half-open, in milliseconds of the virtual clock. */
export interface Interval {
  from: number;
  to: number;
}

export interface BedrockOptions {
  clock: Clock;
  random: Random;
  enforcement: Enforcement;
  limits: Record<string, QuotaLimits>;
  latency: Latency;
  network: Delay;
  /** Calls that fail with a server error, as a share. */
  faultRate?: number;
  outages?: readonly Interval[];
  truthOf: (call: ModelCall) => Truth;
}

/** A call, noted at its start with what it will turn out to be. */
export interface SeenCall {
  lane: string;
  foreign: boolean;
  /** Absent where it is somebody else's. */
  priority?: Priority;
  /** `out`: Bedrock answered nothing, and deducted nothing. */
  end: 'settled' | 'throttled' | 'faulty' | 'out';
  startedAt: number;
  reservation: number;
  charge: number;
  durationMs: number;
}

const REFUSAL_MS = 30;
const OUTAGE_ANSWER_MS = 200;
/** One sigma of the time to the first token. */
const FIRST_TOKEN_SPREAD = 1.3;

export class VirtualBedrock implements ModelRuntime {
  readonly seen: SeenCall[] = [];
  readonly #quotas: Map<string, Quota>;

  constructor(private readonly options: BedrockOptions) {
    this.#quotas = new Map(
      Object.entries(options.limits).map(([lane, limits]) => [lane, new Quota(limits, options.enforcement)]),
    );
  }

  /** Another quota from now on. */
  resize(lane: string, limits: QuotaLimits): void {
    this.#quotaOf(lane).resize(this.options.clock.now(), limits);
  }

  async call(call: ModelCall): Promise<ModelAnswer> {
    const truth = this.options.truthOf(call);
    if (truth.refusal !== undefined) return this.#refuse(truth.refusal, call);
    const maxTokens = maxTokensOf(call);
    const outputTokens = Math.min(truth.outputTokens, maxTokens);
    const seen = await this.#run({ ...truth, outputTokens }, truth.inputTokens + maxTokens, false);
    if (seen.end === 'throttled') throw throttled();
    if (seen.end !== 'settled') throw unavailable();
    return {
      body: EMPTY_ANSWER,
      stopReason: truth.outputTokens > maxTokens ? 'max_tokens' : 'end_turn',
      usage: { input_tokens: truth.inputTokens, output_tokens: outputTokens },
      latencyMs: seen.durationMs,
    };
  }

  /** A call that deducts nothing. One that is never answered takes all the time that it has. */
  async #refuse(refusal: ModelErrorDetails, { timeoutMs }: ModelCall): Promise<never> {
    const { clock, network } = this.options;
    await clock.sleep(network() + (refusal.kind === 'timed_out' ? timeoutMs : REFUSAL_MS));
    throw new ModelError(refusal);
  }

  /** Someone else's call on the same quota. */
  callByOthers(truth: Truth, maxTokens: number): Promise<SeenCall> {
    return this.#run(truth, truth.inputTokens + maxTokens, true);
  }

  async #run(truth: Truth, reservation: number, foreign: boolean): Promise<SeenCall> {
    const { clock, network, random, faultRate = 0 } = this.options;
    const { lane, priority } = truth;
    const quota = this.#quotaOf(lane);
    await clock.sleep(network());
    const startedAt = clock.now();
    const note = (end: SeenCall['end'], charge: number, durationMs: number): SeenCall => {
      const seen = { lane, priority, foreign, end, startedAt, reservation, charge, durationMs };
      this.seen.push(seen);
      return seen;
    };
    if (this.#isOut(startedAt)) {
      await clock.sleep(OUTAGE_ANSWER_MS);
      return note('out', 0, OUTAGE_ANSWER_MS);
    }
    const admission = quota.start(startedAt, reservation);
    if (!admission.admitted) {
      await clock.sleep(REFUSAL_MS);
      return note('throttled', 0, REFUSAL_MS);
    }
    const faulty = random() < faultRate;
    const durationMs = this.#durationOf(truth) * (faulty ? random() : 1);
    // A call that fails while it runs is charged its input, as at the simulator that producers can run.
    const charge = truth.inputTokens + (faulty ? 0 : truth.outputTokens * truth.burndown);
    const seen = note(faulty ? 'faulty' : 'settled', charge, durationMs);
    await clock.sleep(durationMs);
    quota.end(clock.now(), admission.call, charge);
    return seen;
  }

  #durationOf({ outputTokens }: Truth): number {
    const { random, latency } = this.options;
    const { firstTokenMs, perTokenMs } = latency;
    return logNormal(random, firstTokenMs, FIRST_TOKEN_SPREAD) + outputTokens * perTokenMs;
  }

  #isOut(now: number): boolean {
    return this.options.outages?.some(({ from, to }) => from <= now && now < to) ?? false;
  }

  #quotaOf(lane: string): Quota {
    const quota = this.#quotas.get(lane);
    if (quota === undefined) throw new RangeError(`No quota for lane ${lane}`);
    return quota;
  }
}

const EMPTY_ANSWER = JSON.stringify({ message: { role: 'assistant', content: [{ text: '' }] } });

function maxTokensOf({ body }: ModelCall): number {
  const maxTokens: number | undefined = JSON.parse(body).inferenceConfig?.maxTokens;
  if (maxTokens === undefined)
    throw new RangeError('A call without max tokens reserves the whole model: never sent');
  return maxTokens;
}

function throttled(): ModelError {
  return new ModelError({
    kind: 'throttled',
    type: 'ThrottlingException',
    message: 'Too many tokens, please wait before trying again.',
  });
}

function unavailable(): ModelError {
  return new ModelError({
    isAnswer: true,
    kind: 'transient',
    type: 'ServiceUnavailableException',
    message: 'The service is temporarily unavailable.',
  });
}
