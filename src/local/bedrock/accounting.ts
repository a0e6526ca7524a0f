/**
 * What Bedrock deducts from a quota, and when. Written from the user guide's "How tokens are counted in Amazon Bedrock":
 * a call's start deducts its input and max tokens without the burndown rate; its end corrects that to what it used.
 * Pure: time (epoch milliseconds) comes in.
 */

/**
 * How the minute of a quota is measured. AWS does not publish which one Bedrock uses, so all three can be tried.
 * - `token-bucket`: a minute's worth at most, refilled continuously; a debt is worked off by the refill.
 * - `sliding-window`: the sum of the last 60 seconds.
 * - `fixed-window`: the sum since the clock's last full minute.
 */
export const ENFORCEMENTS = ['token-bucket', 'sliding-window', 'fixed-window'] as const;
export type Enforcement = (typeof ENFORCEMENTS)[number];

/** A lane's limits; an absent one is not enforced. */
export interface QuotaLimits {
  requestsPerMinute?: number;
  tokensPerMinute?: number;
}

export interface TokenCounts {
  /** Without cached tokens. */
  input: number;
  output: number;
  cacheRead: number;
  cacheWrite: number;
}

const MINUTE_MS = 60_000;

/** Tokens deducted when a call starts. */
export function reservationOf(counts: Omit<TokenCounts, 'output'>, maxTokens: number): number {
  return counts.input + counts.cacheRead + counts.cacheWrite + maxTokens;
}

/** Tokens a finished call costs: cache reads are free, output counts `burndown` times. */
export function chargeOf(counts: TokenCounts, burndown: number): number {
  return counts.input + counts.cacheWrite + counts.output * burndown;
}

/** One deduction from a meter; the meter itself may shrink it by giving back. */
interface Deduction {
  readonly at: number;
  amount: number;
}

interface Meter {
  /** What may still be deducted; negative while in debt. */
  available(now: number): number;
  deduct(now: number, amount: number): Deduction;
  /** Returns part of an earlier deduction, as far as the meter still counts it. */
  giveBack(now: number, deduction: Deduction, amount: number): void;
  /** Sets another limit. What has been deducted stays deducted. */
  resize(now: number, limit: number): void;
}

class TokenBucket implements Meter {
  #level: number;
  #at = Number.NEGATIVE_INFINITY;

  #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
    this.#level = limit;
  }

  available(now: number): number {
    if (now > this.#at) {
      this.#level = Math.min(this.#limit, this.#level + (this.#limit * (now - this.#at)) / MINUTE_MS);
      this.#at = now;
    }
    return this.#level;
  }

  deduct(now: number, amount: number): Deduction {
    this.#level = this.available(now) - amount;
    return { at: now, amount };
  }

  giveBack(now: number, _deduction: Deduction, amount: number): void {
    this.#level = Math.min(this.#limit, this.available(now) + amount);
  }

  resize(now: number, limit: number): void {
    this.#level = Math.min(limit, this.available(now));
    this.#limit = limit;
  }
}

class SlidingWindow implements Meter {
  readonly #deductions: Deduction[] = [];
  #sum = 0;

  #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  available(now: number): number {
    let expired = 0;
    for (const deduction of this.#deductions) {
      if (deduction.at > now - MINUTE_MS) break;
      this.#sum -= deduction.amount;
      expired++;
    }
    this.#deductions.splice(0, expired);
    return this.#limit - this.#sum;
  }

  deduct(now: number, amount: number): Deduction {
    const deduction = { at: now, amount };
    this.#deductions.push(deduction);
    this.#sum += amount;
    return deduction;
  }

  giveBack(now: number, deduction: Deduction, amount: number): void {
    if (deduction.at <= now - MINUTE_MS) return;
    deduction.amount -= amount;
    this.#sum -= amount;
  }

  resize(_now: number, limit: number): void {
    this.#limit = limit;
  }
}

class FixedWindow implements Meter {
  #window = Number.NaN;
  #sum = 0;

  #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  available(now: number): number {
    const window = Math.floor(now / MINUTE_MS);
    if (window !== this.#window) {
      this.#window = window;
      this.#sum = 0;
    }
    return this.#limit - this.#sum;
  }

  deduct(now: number, amount: number): Deduction {
    this.available(now);
    this.#sum += amount;
    return { at: now, amount };
  }

  giveBack(now: number, deduction: Deduction, amount: number): void {
    this.available(now);
    if (Math.floor(deduction.at / MINUTE_MS) === this.#window) this.#sum -= amount;
  }

  resize(_now: number, limit: number): void {
    this.#limit = limit;
  }
}

const METERS: Record<Enforcement, new (limit: number) => Meter> = {
  'token-bucket': TokenBucket,
  'sliding-window': SlidingWindow,
  'fixed-window': FixedWindow,
};

/** An admitted call, until {@link Quota.end}. */
export interface AdmittedCall {
  readonly reserved: number;
  readonly deduction?: Deduction;
}

export type Admission =
  | { admitted: true; call: AdmittedCall }
  | { admitted: false; exceeded: 'requests' | 'tokens' };

/** The quota of one lane. Calls must come in the order of time. */
export class Quota {
  readonly #requests?: Meter;
  readonly #tokens?: Meter;

  constructor(limits: QuotaLimits, enforcement: Enforcement) {
    const meter = METERS[enforcement];
    if (limits.requestsPerMinute !== undefined) this.#requests = new meter(limits.requestsPerMinute);
    if (limits.tokensPerMinute !== undefined) this.#tokens = new meter(limits.tokensPerMinute);
  }

  /** Deducts a request and its reservation, or neither. */
  start(now: number, reserved: number): Admission {
    if (this.#requests && this.#requests.available(now) < 1) return { admitted: false, exceeded: 'requests' };
    if (this.#tokens && this.#tokens.available(now) < reserved)
      return { admitted: false, exceeded: 'tokens' };
    this.#requests?.deduct(now, 1);
    return { admitted: true, call: { reserved, deduction: this.#tokens?.deduct(now, reserved) } };
  }

  /** Corrects the reservation to the charge: the rest is given back; an excess is deducted now, even into debt. */
  end(now: number, call: AdmittedCall, charge: number): void {
    if (!this.#tokens || !call.deduction) return;
    if (charge < call.reserved) this.#tokens.giveBack(now, call.deduction, call.reserved - charge);
    else if (charge > call.reserved) this.#tokens.deduct(now, charge - call.reserved);
  }

  /** Sets other values for the limits that there are. What has been deducted stays deducted. */
  resize(now: number, { requestsPerMinute, tokensPerMinute }: QuotaLimits): void {
    if (requestsPerMinute !== undefined) this.#requests?.resize(now, requestsPerMinute);
    if (tokensPerMinute !== undefined) this.#tokens?.resize(now, tokensPerMinute);
  }

  /** Tokens that may be reserved now; negative while in debt, infinite without a limit. */
  availableTokens(now: number): number {
    return this.#tokens?.available(now) ?? Number.POSITIVE_INFINITY;
  }
}
