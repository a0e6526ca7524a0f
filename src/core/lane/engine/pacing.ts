/**
 * Pacing shapes releases; the ledger alone decides what is safe. What is free goes at once after a rest: a burst that fits
 * into the minute need not wait. But what goes in one lump leaves the minute in one lump, and while work waits, lump would
 * follow lump, with nothing between them. So the longer work has waited, the further it looks ahead: it releases at the
 * highest rate that can be kept up, without a pause, with what is free and what will become free until then. What is not used
 * meanwhile is lost, so it keeps no more for later than most of an even flow needs.
 */

import type { Limits } from '../catalog/limits.ts';
import { bindingShare, type Flow, type Headroom, NOBODY } from './headroom.ts';
import { type Amount, WINDOW_MS } from './ledger.ts';
import type { Sizing } from './sizing.ts';

/** It looks ahead by this part of the time that work has waited: by so much it is done later, at most. */
const LOOK_AHEAD = 0.1;
const FURTHEST_MS = 20_000;
/** What is kept for later is no more than this part of an even flow takes until then. */
const LEAST_FLOW = 0.7;
/** The same where urgent work comes: when more of it comes than before, it finds room only in what is kept. */
const LEAST_BESIDE_URGENT = 1;
/** What need not be kept goes at so many times an even flow, at most: that is no new lump. */
const FASTEST = 2;
/** A little faster: errors of the estimates then end at the ledger's limit, not below it. */
const OVERSPEED = 1.15;
/** What could not be used at once may be made up for within this time. */
const MAKE_UP_MS = 1_000;
/** What could not be used because no worker was free is made up for as well, but for no more than this. */
const LONGEST_PAUSE_MS = 10_000;

/**
 * How far to look ahead.
 * @param waitedMs how long the oldest request has waited that may go
 * @param searching the limits are a guess, so no lump may try them
 */
export function lookAheadMs(waitedMs: number, searching: boolean): number {
  return searching ? FURTHEST_MS : Math.min(FURTHEST_MS, LOOK_AHEAD * waitedMs);
}

/**
 * Room becomes free a call at a time. Where a minute holds only a few of them, a flow that was never ahead of what is free would
 * let each place wait before it is taken: of eight calls a minute, half a call was lost.
 */
export function mayBeAhead(typical: Amount, limits: Limits): Amount {
  return WINDOW_MS * bindingShare(typical, limits) > MAKE_UP_MS ? typical : NOBODY;
}

/** What need not be kept for later. */
export interface Spare {
  amount: Flow;
  /** At which it may go, of a millisecond. */
  rate: Flow;
}

/** @param ms how far to look ahead */
export function spareWithin(
  ms: number,
  headroom: Pick<Headroom, 'evenFlow' | 'expectsUrgent' | 'spareOf'>,
): Spare {
  const { evenFlow } = headroom;
  const least = times(evenFlow, headroom.expectsUrgent ? LEAST_BESIDE_URGENT : LEAST_FLOW);
  return { amount: headroom.spareOf(least, ms), rate: times(evenFlow, FASTEST) };
}

export class Pacing {
  #credit: Flow = { requests: 0, tokens: 0, charges: 0 };
  #at: number | undefined;
  /** Since when there has been no worker, after the last round and before it. */
  #waitsSince: number | undefined;
  #waitedSince: number | undefined;

  /**
   * Earns credit since the last call; to be called before each round of releases.
   * @param rate that can be kept up, of a millisecond; infinite if it does not matter
   * @param spare goes whatever has been earned
   */
  advance(now: number, rate: Flow, spare?: Spare): void {
    this.#waitedSince = this.#waitsSince;
    this.#waitsSince = undefined;
    const makeUpMs = MAKE_UP_MS + Math.min(LONGEST_PAUSE_MS, now - (this.#waitedSince ?? now));
    const elapsed = Math.max(0, now - (this.#at ?? now - MAKE_UP_MS));
    this.#at = now;
    const earn = (credit: number, rate: number) =>
      rate === Number.POSITIVE_INFINITY
        ? rate
        : Math.min(
            (Number.isFinite(credit) ? credit : 0) + OVERSPEED * Math.max(0, rate) * elapsed,
            rate * makeUpMs,
          );
    const before = this.#credit;
    this.#credit = eachOf((of) => {
      const earned = earn(before[of], rate[of]);
      if (spare === undefined) return earned;
      return Math.max(earned, Math.min(spare.amount[of], spare.rate[of] * Math.min(MAKE_UP_MS, elapsed)));
    });
  }

  /** What no worker could take in this round is not lost. */
  waitForWorker(now: number, released: number): void {
    this.#waitsSince = released > 0 ? now : (this.#waitedSince ?? now);
  }

  /** One release may overdraw the credit; the next waits until it is earned. */
  allows(): boolean {
    const { requests, tokens, charges } = this.#credit;
    return requests > 0 && tokens > 0 && charges > 0;
  }

  spend(cost: Flow): void {
    this.#credit.requests -= cost.requests;
    this.#credit.tokens -= cost.tokens;
    this.#credit.charges -= cost.charges;
  }
}

function eachOf(of: (what: keyof Flow) => number): Flow {
  return { requests: of('requests'), tokens: of('tokens'), charges: of('charges') };
}

function times(flow: Flow, factor: number): Flow {
  return eachOf((of) => flow[of] * factor);
}

/** Tokens that a call takes of the time that pacing looks ahead, on average: its reservation while it runs, then its charge. */
export function pacedTokens(
  { held, charge }: Pick<Sizing, 'held' | 'charge'>,
  runMs: number,
  aheadMs: number,
): number {
  const running = Math.min(1, runMs / Math.max(1, aheadMs));
  return held * running + charge * (1 - running);
}
