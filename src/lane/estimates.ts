/** What a lane has learned about its calls: how long answers are, how long calls take, how exact input estimates are. */
import { binsOf, sizeOfBucket } from './report.ts';

/** Samples count half as much after this many newer ones, so that the estimates follow the traffic. */
const HALF_LIFE_SAMPLES = 1_000;
/** With fewer samples than this a distribution says nothing. */
export const MIN_SAMPLES = 30;
/** Tasks beyond this many are estimated by their lane. */
const MAX_TASKS = 50;

/** Answer sizes in buckets. Answers cut by max tokens are samples of "at least this long". */
export class SizeDistribution {
  readonly #whole = new Map<number, number>();
  readonly #cut = new Map<number, number>();
  #samples = 0;

  get samples(): number {
    return this.#samples;
  }

  add(bucket: number, count: number, cut: boolean): void {
    const decay = 0.5 ** (count / HALF_LIFE_SAMPLES);
    for (const sizes of [this.#whole, this.#cut]) {
      for (const [key, weight] of sizes) {
        if (weight * decay < 1e-3) sizes.delete(key);
        else sizes.set(key, weight * decay);
      }
    }
    const sizes = cut ? this.#cut : this.#whole;
    sizes.set(bucket, (sizes.get(bucket) ?? 0) + count);
    this.#samples = this.#samples * decay + count;
  }

  /** Mean of sizes, each no more than `atMost` tokens. */
  mean(atMost: number): number {
    let sum = 0;
    let total = 0;
    for (const [bucket, weight] of [...this.#whole, ...this.#cut]) {
      // A bucket's middle, not its upper end.
      sum += Math.min(sizeOfBucket(bucket) * 0.92, atMost) * weight;
      total += weight;
    }
    return total === 0 ? atMost : sum / total;
  }

  /**
   * The size that a share `q` of answers does not exceed, by the product-limit estimate for censored samples.
   * Undefined when the samples do not reach that far.
   */
  quantile(q: number): number | undefined {
    const buckets = [...new Set([...this.#whole.keys(), ...this.#cut.keys()])].sort((a, b) => a - b);
    let atRisk = buckets.reduce((sum, b) => sum + (this.#whole.get(b) ?? 0) + (this.#cut.get(b) ?? 0), 0);
    let beyond = 1;
    for (const bucket of buckets) {
      const whole = this.#whole.get(bucket) ?? 0;
      beyond *= 1 - whole / atRisk;
      if (beyond <= 1 - q + 1e-9) return sizeOfBucket(bucket);
      atRisk -= whole + (this.#cut.get(bucket) ?? 0);
    }
    return undefined;
  }

  toJSON(): [whole: [number, number][], cut: [number, number][]] {
    const rounded = (sizes: Map<number, number>) =>
      [...sizes].map(([bucket, weight]): [number, number] => [bucket, Math.round(weight * 100) / 100]);
    return [rounded(this.#whole), rounded(this.#cut)];
  }

  static from([whole, cut]: ReturnType<SizeDistribution['toJSON']>): SizeDistribution {
    const sizes = new SizeDistribution();
    for (const [bucket, weight] of whole) sizes.#whole.set(bucket, weight);
    for (const [bucket, weight] of cut) sizes.#cut.set(bucket, weight);
    sizes.#samples = [...whole, ...cut].reduce((sum, [, weight]) => sum + weight, 0);
    return sizes;
  }
}

/** A running mean that forgets like the distributions do. */
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

  value(otherwise: number): number {
    return this.weight < 1 ? otherwise : this.sum / this.weight;
  }
}

export interface EstimatesMemory {
  output: ReturnType<SizeDistribution['toJSON']>;
  tasks: [string, ReturnType<SizeDistribution['toJSON']>][];
  run: [number, number];
  delay: [number, number];
  input: [number, number, number];
}

export class Estimates {
  #output = new SizeDistribution();
  #tasks = new Map<string, SizeDistribution>();
  #run = new Mean();
  #delay = new Mean();
  #inputEstimated = new Mean();
  #inputReal = new Mean();

  /** Takes in what has been counted since the last time. */
  learn(counters: Record<string, number>): void {
    const started = counters.started ?? 0;
    if (started > 0) {
      this.#run.add(started, counters.duration_ms ?? 0);
      this.#delay.add(started, counters.start_delay_ms ?? 0);
    }
    const settled = counters.settled ?? 0;
    if (settled > 0) {
      this.#inputEstimated.add(settled, counters.estimated_input ?? 0);
      this.#inputReal.add(settled, counters.input ?? 0);
    }
    for (const kind of ['out', 'cut']) {
      for (const [bucket, count] of binsOf(counters, kind)) this.#output.add(bucket, count, kind === 'cut');
    }
    for (const [name, count] of Object.entries(counters)) {
      const byTask = /^(out|cut)\.(\d+)\.(.+)$/s.exec(name);
      if (byTask?.[3] !== undefined)
        this.#task(byTask[3])?.add(Number(byTask[2]), count, byTask[1] === 'cut');
    }
  }

  /** Answer sizes of a task, of the whole lane while the task is hardly known; undefined while nothing is. */
  outputs(task?: string): SizeDistribution | undefined {
    const own = task === undefined ? undefined : this.#tasks.get(task);
    if (own !== undefined && own.samples >= MIN_SAMPLES) return own;
    return this.#output.samples >= MIN_SAMPLES ? this.#output : undefined;
  }

  /** Milliseconds from a release to the end of its call. */
  runMs(seedMs: number): number {
    return this.#run.weight < MIN_SAMPLES ? seedMs : this.#run.value(seedMs) + this.#delay.value(0);
  }

  /** Real input tokens for each estimated one. */
  inputRatio(): number {
    return this.#inputEstimated.weight < MIN_SAMPLES || this.#inputEstimated.sum === 0
      ? 1
      : this.#inputReal.sum / this.#inputEstimated.sum;
  }

  #task(name: string): SizeDistribution | undefined {
    let sizes = this.#tasks.get(name);
    if (sizes === undefined && this.#tasks.size < MAX_TASKS) {
      sizes = new SizeDistribution();
      this.#tasks.set(name, sizes);
    }
    return sizes;
  }

  toJSON(): EstimatesMemory {
    return {
      output: this.#output.toJSON(),
      tasks: [...this.#tasks].map(([name, sizes]) => [name, sizes.toJSON()]),
      run: [Math.round(this.#run.weight), Math.round(this.#run.sum)],
      delay: [Math.round(this.#delay.weight), Math.round(this.#delay.sum)],
      input: [
        Math.round(this.#inputEstimated.weight),
        Math.round(this.#inputEstimated.sum),
        Math.round(this.#inputReal.sum),
      ],
    };
  }

  static from(memory: EstimatesMemory): Estimates {
    const estimates = new Estimates();
    estimates.#output = SizeDistribution.from(memory.output);
    estimates.#tasks = new Map(memory.tasks.map(([name, sizes]) => [name, SizeDistribution.from(sizes)]));
    estimates.#run = new Mean(...memory.run);
    estimates.#delay = new Mean(...memory.delay);
    const [weight, estimated, real] = memory.input;
    estimates.#inputEstimated = new Mean(weight, estimated);
    estimates.#inputReal = new Mean(weight, real);
    return estimates;
  }
}
