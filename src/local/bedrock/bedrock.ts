import { createHash } from 'node:crypto';
import { BedrockError } from '../../wire/errors.ts';
import { chargeOf, Quota, reservationOf } from './accounting.ts';
import type { Answer, Prompt } from './answer.ts';
import { compose } from './composition.ts';
import { drawFault, FAULTS_WHILE_RUNNING, type FaultKind, faultError, throttled } from './faults.ts';
import type { Model } from './models.ts';
import type { SimulatorSettings } from './options.ts';
import { LaneRecorder, type SimulatorStats } from './stats.ts';

/** An admitted call, with its answer. `end` must be called once, even when the caller has gone away. */
export interface RunningCall {
  answer: Answer;
  fault?: FaultKind;
  end(now: number): void;
}

interface Lane {
  quota: Quota;
  recorder: LaneRecorder;
}

/** Bedrock without HTTP: quotas by lane, answers by content. Time (epoch milliseconds) comes in. */
export class Bedrock {
  readonly #lanes = new Map<string, Lane>();
  #calls = 0;
  #invalid = 0;
  readonly #settings: SimulatorSettings;

  constructor(settings: SimulatorSettings) {
    this.#settings = settings;
  }

  /**
   * Starts a call. `content` identifies the request apart from its max tokens: what a model would say does not depend
   * on where it is cut off.
   * @throws BedrockError when the quota or a drawn fault refuses it
   */
  start(
    now: number,
    request: { calledAs: string; model: Model; prompt: Prompt; content: string },
  ): RunningCall {
    const { model, prompt } = request;
    const { quota, recorder } = this.#laneOf(model);
    recorder.models.add(request.calledAs);
    const fault = drawFault(this.#settings.faults, this.#settings.seed, this.#calls++);
    if (fault && fault !== 'connection-reset' && !FAULTS_WHILE_RUNNING.includes(fault)) {
      throw this.#refuse(recorder, now, faultError(fault));
    }
    const maxTokens = prompt.maxTokens ?? model.maxOutputTokens;
    const input = { input: prompt.inputTokens, cacheRead: 0, cacheWrite: 0 };
    if (prompt.inputTokens > model.contextTokens) {
      throw this.#refuse(
        recorder,
        now,
        new BedrockError('ValidationException', 'Input is too long for requested model.'),
      );
    }
    const admission = quota.start(now, reservationOf(input, maxTokens));
    if (!admission.admitted) throw this.#refuse(recorder, now, throttled(admission.exceeded));
    recorder.started(now);
    const answer = compose(this.#settings, model, prompt, keyOf(request));
    const output = fault ? 0 : answer.outputTokens;
    const end = (endedAt: number) => {
      const charged = chargeOf({ ...input, output }, model.burndown);
      quota.end(endedAt, admission.call, charged);
      recorder.ended(now, { charged, input: input.input, output });
      if (fault) recorder.failed(fault === 'connection-reset' ? fault : faultError(fault).type);
    };
    return { answer, fault, end };
  }

  /** Counts a request that was refused before it reached a lane. */
  countInvalid(): void {
    this.#invalid++;
  }

  stats(): SimulatorStats {
    const lanes = [...this.#lanes.values()].map(({ recorder }) => recorder.stats());
    const sum = (of: 'calls' | 'throttles' | 'tokens') => lanes.reduce((total, lane) => total + lane[of], 0);
    return {
      calls: sum('calls'),
      throttles: sum('throttles'),
      tokens: sum('tokens'),
      invalid: this.#invalid,
      lanes,
    };
  }

  #refuse(recorder: LaneRecorder, now: number, error: BedrockError): BedrockError {
    if (error.type === 'ThrottlingException') recorder.throttled(now);
    else recorder.failed(error.type);
    return error;
  }

  #laneOf(model: Model): Lane {
    let lane = this.#lanes.get(model.lane);
    if (!lane) {
      const { requestsPerMinute, tokensPerMinute, enforcement, enforcementByModel } = this.#settings;
      const limits = { requestsPerMinute, ...(model.tokenMetered && { tokensPerMinute }) };
      const quota = new Quota(limits, enforcementByModel[model.id] ?? enforcement);
      lane = { quota, recorder: new LaneRecorder(model.lane, limits) };
      this.#lanes.set(model.lane, lane);
    }
    return lane;
  }
}

function keyOf({ model, content }: { model: Model; content: string }): string {
  return createHash('sha256').update(model.id).update('\n').update(content).digest('hex');
}
