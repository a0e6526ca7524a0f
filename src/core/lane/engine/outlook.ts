/** What a lane's account will hold in the coming minute, if the calls that run now end as expected. */
import type { Amount } from './ledger.ts';

/** Moments are this far apart. */
const STEP_MS = 500;

/** What is left at a moment, milliseconds from now. */
export interface Left extends Amount {
  inMs: number;
}

export class Outlook {
  readonly #now: number;
  readonly #steps: number;
  /** By step: what comes then, and by how much more than before the tokens grow with each step from then on. */
  readonly #requests: Float64Array;
  readonly #tokens: Float64Array;
  readonly #slopes: Float64Array;

  /** @param forMs how far it looks ahead of `now` */
  constructor(now: number, forMs: number) {
    this.#now = now;
    this.#steps = Math.ceil(forMs / STEP_MS);
    // What comes later than it looks falls into one step more.
    this.#requests = new Float64Array(this.#steps + 2);
    this.#tokens = new Float64Array(this.#steps + 2);
    this.#slopes = new Float64Array(this.#steps + 2);
  }

  /** So much counts until then, epoch milliseconds. */
  holds({ requests, tokens }: Amount, until: number): void {
    const end = Math.min(this.#steps + 1, this.#stepOf(until));
    add(this.#requests, 0, requests);
    add(this.#requests, end, -requests);
    add(this.#tokens, 0, tokens);
    add(this.#tokens, end, -tokens);
  }

  /** So many tokens more come evenly from now until `by`, and count until `until`; negative ones become free. */
  grows(tokens: number, by: number, until = Number.POSITIVE_INFINITY): void {
    const all = Math.max(1, this.#stepOf(by));
    const end = Math.min(this.#steps + 1, this.#stepOf(until));
    const slope = tokens / all;
    add(this.#slopes, 1, slope);
    add(this.#slopes, Math.min(end, all + 1), -slope);
    add(this.#tokens, end, -slope * Math.min(all, end - 1));
  }

  /** What is left of the limits at each moment. */
  leftOf(limits: Amount): Left[] {
    const left: Left[] = [];
    let [requests, tokens, slope] = [limits.requests, limits.tokens, 0];
    for (let step = 0; step <= this.#steps; step++) {
      slope += at(this.#slopes, step);
      requests -= at(this.#requests, step);
      tokens -= at(this.#tokens, step) + slope;
      left.push({ inMs: step * STEP_MS, requests, tokens });
    }
    return left;
  }

  #stepOf(moment: number): number {
    return Math.max(0, Math.ceil((moment - this.#now) / STEP_MS));
  }
}

function add(amounts: Float64Array, step: number, amount: number): void {
  amounts[step] = at(amounts, step) + amount;
}

function at(amounts: Float64Array, step: number): number {
  return amounts[step] as number;
}
