import type { Limits } from '../catalog/limits.ts';
import { type Amount, atMost, type LedgerTotals } from './ledger.ts';
import type { Sizing } from './sizing.ts';

/** What a tick may still release, as its releases fill it. */
export class Headroom {
  readonly #used: LedgerTotals;
  #expected: number;

  /**
   * @param used what Bedrock may count now
   * @param expected tokens that will count when what runs now has ended
   */
  constructor(
    used: LedgerTotals,
    expected: number,
    private readonly limits: Limits,
  ) {
    this.#used = { ...used };
    this.#expected = expected;
  }

  /**
   * Bedrock must admit the call now, whatever it counts; and when running calls have ended, with the debts that are to be
   * expected of them, no more than the limit should be used; an urgent call does not wait for that. A call larger than
   * the lane's present share runs alone.
   */
  fits({ held, variance, charge }: Sizing, urgent: boolean, limits = this.limits): boolean {
    const { requests_per_minute = Number.POSITIVE_INFINITY, tokens_per_minute = Number.POSITIVE_INFINITY } =
      limits;
    if (this.#used.requests + 1 > requests_per_minute) return false;
    if (this.#used.tokens === 0) return true;
    const now = atMost({ tokens: this.#used.tokens + held, variance: this.#used.variance + variance });
    return now <= tokens_per_minute && (urgent || this.#expected + charge <= tokens_per_minute);
  }

  take({ held, variance, charge }: Sizing): void {
    this.#used.requests += 1;
    this.#used.tokens += held;
    this.#used.variance += variance;
    this.#expected += charge;
  }
}

/** What is used of the limit that binds: 1 is all of it. */
export function bindingShare(used: Amount, limits: Limits): number {
  const share = (amount: number, limit: number | undefined) => (limit ? amount / limit : 0);
  return Math.max(
    share(used.requests, limits.requests_per_minute),
    share(used.tokens, limits.tokens_per_minute),
  );
}
