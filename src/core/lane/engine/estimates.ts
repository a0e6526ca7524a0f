/** What a lane has learned about its calls: how long answers are, how long calls take, how exact input estimates are. */
import type { BacklogEntry } from '../../request/ports.ts';
import { START_WINDOW_MS } from '../../request/times.ts';
import { type SlotReport, START_BIN_MS } from '../call-counters.ts';
import { SLOT_MS } from '../call-report.ts';
import { sizeOfBucket } from '../size-buckets.ts';
import { AnswerTime, type AnswerTimeState } from './answer-time.ts';
import { Distribution, type DistributionState, HALF_LIFE_SAMPLES, type Moments } from './distribution.ts';
import type { StartDelay } from './ledger.ts';
import { MediaRatios, type MediaRatiosState } from './media-ratios.ts';

/** With so many samples they speak for themselves. */
const MIN_SAMPLES = 30;
/** Before, what was believed without any counts as so many, the fewer the more there are. */
const PRIOR_SAMPLES = 2;
/** From so few, the largest of them says something of the others. */
const FEWEST_FOR_QUANTILE = 10;
/** Tasks and groups; beyond this many, the others are estimated by their lane. */
const MAX_TASKS = 50;
/** What is left of a task's samples when a newcomer finds no place. */
const AGEING = 0.98;
/** So many samples tell how long all but one in twenty starts take. */
const FEWEST_STARTS = 20;
/** A start later than twice the delay of all but one in a thousand is not waited for. */
const LATEST_QUANTILE = 0.999;
const LATEST_MARGIN = 2;
const LATEST_MIN_SAMPLES = 500;
/** Sizes are spread evenly inside a bucket: its middle, as a share of its end. */
const BUCKET_MIDDLE = 0.92;

/** A running mean that forgets as the distributions do. */
class Mean {
  constructor(
    public weight = 0,
    public sum = 0,
  ) {}

  add(count: number, sum: number): void {
    const decay = 0.5 ** (count / HALF_LIFE_SAMPLES);
    this.weight = this.weight * decay + count;
    this.sum = this.sum * decay + sum;
  }

  /** Undefined while there are too few samples. */
  get value(): number | undefined {
    return this.weight < MIN_SAMPLES ? undefined : this.sum / this.weight;
  }

  /** With a belief that counts while there are few samples. */
  beside(prior: number): number {
    const priorSamples = priorSamplesBeside(this.weight);
    return (this.sum + prior * priorSamples) / (this.weight + priorSamples);
  }

  snapshot(): [weight: number, sum: number] {
    return [Math.round(this.weight), Math.round(this.sum)];
  }
}

function priorSamplesBeside(samples: number): number {
  return PRIOR_SAMPLES * Math.max(0, 1 - samples / MIN_SAMPLES);
}

export interface EstimatesState {
  outputs: DistributionState;
  tasks: [string, DistributionState][];
  starts: DistributionState;
  run: [number, number];
  delay: [number, number];
  error: [number, number];
  estimated: [number, number];
  real: [number, number];
  /** Absent in what earlier releases wrote. */
  answers?: AnswerTimeState;
  media?: MediaRatiosState;
}

/** An input, in tokens. */
export interface Input {
  /** What to reserve for it: estimates of text err on the large side, and only that is corrected that raises them. */
  reserved: number;
  /** What it will count in the end, as far as others like it tell. */
  expected: number;
  /** Of both, tokens². */
  variance: number;
}

/** Answer lengths of some calls, few or none at first. */
export interface Outputs {
  /** Mean and variance of what answers are worth; `prior` is what is believed without any. */
  moments(worth: (tokens: number) => number, prior: number): Moments;
  /**
   * Tokens that all answers but a share `beyond` do not exceed: 1 - `q`, or more when too many were cut to tell. `unknown` while
   * there are too few. `fewness` is 0 with enough samples, 1 with none.
   */
  quantile(q: number): { tokens: number | 'unknown'; beyond: number; fewness: number };
}

export class Estimates {
  readonly #outputs: Distribution;
  readonly #tasks: Map<string, Distribution>;
  readonly #starts: Distribution;
  readonly #run: Mean;
  readonly #delay: Mean;
  readonly #error: Mean;
  readonly #estimated: Mean;
  readonly #real: Mean;
  readonly #answerTime: AnswerTime;
  readonly #media: MediaRatios;

  constructor(state?: EstimatesState) {
    this.#outputs = new Distribution(state?.outputs);
    this.#tasks = new Map(state?.tasks.map(([name, it]) => [name, new Distribution(it)]));
    this.#starts = new Distribution(state?.starts);
    this.#run = new Mean(...(state?.run ?? []));
    this.#delay = new Mean(...(state?.delay ?? []));
    this.#error = new Mean(...(state?.error ?? []));
    this.#estimated = new Mean(...(state?.estimated ?? []));
    this.#real = new Mean(...(state?.real ?? []));
    this.#answerTime = new AnswerTime(state?.answers);
    this.#media = new MediaRatios(state?.media);
  }

  /** Takes in what has been counted since the last time. */
  learn(report: SlotReport): void {
    const { started, settled } = report;
    if (started > 0) {
      this.#run.add(started, report.duration_ms);
      this.#delay.add(started, report.start_delay_ms);
      for (const [bin, count] of report.starts) if (count > 0) this.#starts.add(bin, count);
    }
    if (settled === 0) return;
    this.#answerTime.learn(report);
    this.#media.learn(report);
    const texts = report.media.reduce((rest, [, { calls }]) => rest - calls, settled);
    this.#error.add(texts, report.input_error_squared);
    this.#estimated.add(texts, report.estimated_input);
    this.#real.add(texts, report.input);
    for (const { bucket, count, cut, task } of report.answers) {
      if (count <= 0) continue;
      const outputs = task === undefined ? this.#outputs : this.#task(task);
      outputs?.add(bucket, count, cut);
    }
  }

  /** Answers of a task, or of the whole lane while the task is hardly known. */
  outputs(task?: string): Outputs {
    const ofTask = task === undefined ? undefined : this.#tasks.get(task);
    const known = ofTask !== undefined && ofTask.samples >= MIN_SAMPLES ? ofTask : this.#outputs;
    const { samples } = known;
    return {
      moments: (worth, prior) =>
        known.moments(
          (bucket) => worth(sizeOfBucket(bucket) * BUCKET_MIDDLE),
          prior,
          priorSamplesBeside(samples),
        ),
      quantile: (q) => {
        const { bucket, beyond } = known.quantile(q) ?? { bucket: 0, beyond: 1 };
        const enough = beyond > 1 - q ? MIN_SAMPLES : FEWEST_FOR_QUANTILE;
        return {
          tokens: samples < enough ? 'unknown' : sizeOfBucket(bucket),
          beyond,
          fewness: Math.max(0, 1 - samples / MIN_SAMPLES),
        };
      },
    };
  }

  /** Milliseconds from a release to the end of its call; `prior` is what is believed without any. */
  runMs(prior: number): number {
    return this.#run.beside(prior) + (this.#delay.value ?? 0);
  }

  /** The longest answer that comes within this time, in tokens; undefined while nothing is known. */
  tokensWithin(availableMs: number): number | undefined {
    return this.#answerTime.tokensWithin(availableMs);
  }

  input({
    input_tokens: tokens,
    input_kind: kind,
  }: Pick<BacklogEntry, 'input_tokens' | 'input_kind'>): Input {
    if (kind !== undefined) {
      const { mean, variance } = this.#media.of(kind);
      const expected = tokens * mean;
      return { reserved: Math.ceil(expected), expected, variance: tokens ** 2 * variance };
    }
    const ratio = this.#textRatio;
    return {
      reserved: Math.ceil(tokens * Math.max(1, ratio)),
      expected: tokens * ratio,
      variance: this.#error.beside(0),
    };
  }

  /** How long after its release a call may start, as far as seen. */
  get startDelay(): StartDelay {
    const ms = this.#startsWithin(LATEST_QUANTILE, LATEST_MIN_SAMPLES);
    const latest = ms === undefined ? START_WINDOW_MS : ms * LATEST_MARGIN + SLOT_MS;
    return { earliest: 0, latest: Math.min(START_WINDOW_MS, latest) };
  }

  /** All but one in twenty calls start within this time of their release; undefined while nothing is known. */
  get usualStartMs(): number | undefined {
    return this.#startsWithin(0.95, FEWEST_STARTS);
  }

  /** Milliseconds within which this share of calls starts; undefined with fewer samples than `fewest`. */
  #startsWithin(share: number, fewest: number): number | undefined {
    const found = this.#starts.samples < fewest ? undefined : this.#starts.quantile(share);
    return found && (found.bucket + 1) * START_BIN_MS;
  }

  snapshot(): EstimatesState {
    return {
      outputs: this.#outputs.snapshot(),
      tasks: [...this.#tasks].map(([name, it]) => [name, it.snapshot()]),
      starts: this.#starts.snapshot(),
      run: this.#run.snapshot(),
      delay: this.#delay.snapshot(),
      error: this.#error.snapshot(),
      estimated: this.#estimated.snapshot(),
      real: this.#real.snapshot(),
      answers: this.#answerTime.snapshot(),
      media: this.#media.snapshot(),
    };
  }

  /** Real input tokens for each estimated one; without any, the estimates are believed. */
  get #textRatio(): number {
    const { weight, sum: estimated } = this.#estimated;
    const priorSamples = priorSamplesBeside(weight);
    return estimated === 0
      ? 1
      : (weight * (this.#real.sum / estimated) + priorSamples) / (weight + priorSamples);
  }

  /** A newcomer that finds no place ages the next in turn, and takes its place when nothing is left of it. */
  #task(name: string): Distribution | undefined {
    const known = this.#tasks.get(name);
    if (known !== undefined) return known;
    if (this.#tasks.size >= MAX_TASKS) {
      const [[next, aged]] = this.#tasks as Iterable<[string, Distribution]> as [[string, Distribution]];
      this.#tasks.delete(next);
      aged.age(AGEING);
      if (aged.samples >= 1) {
        this.#tasks.set(next, aged);
        return undefined;
      }
    }
    const outputs = new Distribution();
    this.#tasks.set(name, outputs);
    return outputs;
  }
}
