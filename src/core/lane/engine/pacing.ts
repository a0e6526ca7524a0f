/**
 * Pacing spreads releases evenly inside the minute. A credit of requests and of tokens grows with time at the
 * limits' rate and every release spends from it; the ledger alone decides what is safe.
 *
 * A release costs what it will take of the sliding minute on average: its reservation while it runs, its charge for
 * the rest of the minute. With that cost the account is just full in the steady state, at the highest steady rate.
 */

import type { Limits } from '../catalog/limits.ts';
import { type Amount, WINDOW_MS } from './ledger.ts';

/** A little faster than the quota: errors of the estimates then end at the ledger's limit, not below it. */
const OVERSPEED = 1.02;
/**
 * What was left unused a moment ago is caught up with: faster by this many times the part of the limits that is free,
 * while that part is small. An account that is still filling is filled evenly.
 */
const CATCH_UP = 2;
const CATCH_UP_WITHIN = 0.1;
const MOST_CATCH_UP = 0.06;
/** After idleness this much of the rate may go out at once. */
const BURST_MS = 1_500;

export class Pacing {
  #credit: Amount = { requests: Number.POSITIVE_INFINITY, tokens: Number.POSITIVE_INFINITY };
  #at: number | undefined;

  /**
   * Earns credit since the last call; to be called before each round of releases.
   * @param utilisation what is used of the limit that binds, 1 is all of it
   * @param searching the limits are a guess: they are not driven at, nor is what was left unused of them caught up with
   */
  advance(now: number, limits: Limits, utilisation: number, searching = false): void {
    const free = Math.max(0, 1 - utilisation);
    const catchUp = free < CATCH_UP_WITHIN ? Math.min(MOST_CATCH_UP, CATCH_UP * free) : 0;
    const speed = searching ? 1 : OVERSPEED + catchUp;
    const elapsed = this.#at === undefined ? BURST_MS : Math.max(0, now - this.#at);
    const earn = (credit: number, perMinute: number | undefined) => {
      if (perMinute === undefined) return Number.POSITIVE_INFINITY;
      const rate = (perMinute * speed) / WINDOW_MS;
      const before = Number.isFinite(credit) ? credit : 0;
      return Math.min(before + rate * elapsed, rate * BURST_MS);
    };
    this.#credit = {
      requests: earn(this.#credit.requests, limits.requests_per_minute),
      tokens: earn(this.#credit.tokens, limits.tokens_per_minute),
    };
    this.#at = now;
  }

  /** One release may overdraw the credit; the next waits until it is earned. */
  allows(): boolean {
    return this.#credit.requests > 0 && this.#credit.tokens > 0;
  }

  spend(cost: Amount): void {
    this.#credit.requests -= cost.requests;
    this.#credit.tokens -= cost.tokens;
  }
}

/** Tokens of pacing credit that a release costs: its average share of the sliding minute. */
export function pacedTokens(call: { held: number; charge: number; runMs: number }): number {
  const share = Math.min(1, call.runMs / WINDOW_MS);
  return call.held * share + call.charge * (1 - share);
}
