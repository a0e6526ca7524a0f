/** Samples count half as much after this many newer ones, so that what is learned follows the traffic. */
export const HALF_LIFE_SAMPLES = 1_000;

export type DistributionState = [whole: [number, number][], cut: [number, number][]];

export interface Moments {
  mean: number;
  variance: number;
}

export interface Quantile {
  bucket: number;
  /** The share of samples that exceeds it: more than was asked for when too many were cut to tell. */
  beyond: number;
}

/** Samples in numbered buckets. A cut sample is one of "at least this much". */
export class Distribution {
  readonly #whole = new Map<number, number>();
  readonly #cut = new Map<number, number>();
  #samples = 0;

  constructor([whole, cut]: DistributionState = [[], []]) {
    for (const [bucket, weight] of whole) this.#whole.set(bucket, weight);
    for (const [bucket, weight] of cut) this.#cut.set(bucket, weight);
    this.#samples = [...whole, ...cut].reduce((sum, [, weight]) => sum + weight, 0);
  }

  /** Samples that count, the older ones for less. */
  get samples(): number {
    return this.#samples;
  }

  add(bucket: number, count: number, cut = false): void {
    this.age(0.5 ** (count / HALF_LIFE_SAMPLES));
    const weights = cut ? this.#cut : this.#whole;
    weights.set(bucket, (weights.get(bucket) ?? 0) + count);
    this.#samples += count;
  }

  /** All that is known counts only as much as this part of it. */
  age(part: number): void {
    for (const weights of [this.#whole, this.#cut]) {
      for (const [key, weight] of weights) {
        if (weight * part < 1e-3) weights.delete(key);
        else weights.set(key, weight * part);
      }
    }
    this.#samples *= part;
  }

  /**
   * Mean and variance of what the buckets are worth, and of so many samples of `prior` beside them; a cut sample counts as
   * no more than where it was cut.
   */
  moments(worth: (bucket: number) => number, prior: number, priorSamples: number): Moments {
    let total = priorSamples;
    let sum = prior * priorSamples;
    let squares = prior * prior * priorSamples;
    for (const weights of [this.#whole, this.#cut]) {
      for (const [bucket, weight] of weights) {
        const value = worth(bucket);
        total += weight;
        sum += value * weight;
        squares += value * value * weight;
      }
    }
    if (total === 0) return { mean: prior, variance: 0 };
    const mean = sum / total;
    return { mean, variance: Math.max(0, squares / total - mean * mean) };
  }

  /**
   * The bucket that a share `q` of samples does not exceed, by the product-limit estimate for censored samples
   * (Kaplan and Meier, 1958), or the furthest one when too many were cut to tell. Undefined without samples.
   */
  quantile(q: number): Quantile | undefined {
    const buckets = [...new Set([...this.#whole.keys(), ...this.#cut.keys()])].sort((a, b) => a - b);
    const weightOf = (bucket: number) => (this.#whole.get(bucket) ?? 0) + (this.#cut.get(bucket) ?? 0);
    let atRisk = buckets.reduce((sum, bucket) => sum + weightOf(bucket), 0);
    let beyond = 1;
    for (const bucket of buckets) {
      beyond *= 1 - (this.#whole.get(bucket) ?? 0) / atRisk;
      if (beyond <= 1 - q + 1e-9) return { bucket, beyond: 1 - q };
      atRisk -= weightOf(bucket);
    }
    const furthest = buckets.at(-1);
    return furthest === undefined ? undefined : { bucket: furthest, beyond };
  }

  snapshot(): DistributionState {
    const rounded = (weights: Map<number, number>) =>
      [...weights].map(([bucket, weight]): [number, number] => [bucket, Math.round(weight * 100) / 100]);
    return [rounded(this.#whole), rounded(this.#cut)];
  }
}
