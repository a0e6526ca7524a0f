/**
 * Stops a lane when going on would only burn requests: Bedrock fails, or the day's tokens are used up. After a while one
 * release probes; when it is answered the lane goes on, otherwise it waits longer. Denials: denied-models.ts.
 */
import type { BacklogEntry } from '../../request/ports.ts';
import type { Trouble } from '../ports.ts';

type Stop = Exclude<Trouble, 'denied'>;

const STOPS: Record<Stop, { firstWaitMs: number; longestWaitMs: number }> = {
  failing: { firstWaitMs: 3_000, longestWaitMs: 10_000 },
  daily_quota: { firstWaitMs: 300_000, longestWaitMs: 1_800_000 },
};
/** Failures in the recent past that open the breaker, if they are also half of all calls. */
const FAILURES = 3;
const FAILED_SHARE = 0.5;
/** The recent past. */
const HALF_LIFE_MS = 5_000;
/** In a quiet lane fewer failures open it, when for so long nothing has been answered since the first of them. */
const QUIET_FAILURES = 2;
const QUIET_MS = 4_000;
/** A probe whose end nobody reports is followed by another. */
const PROBE_TIMEOUT_MS = 60_000;

/** What became of the calls of one slot since the last look. */
export interface CallEnds {
  slot: number;
  /** Bedrock served the call or refused it for its own sake. */
  answered: number;
  transient: number;
  /** The model failed, which may be the requests' own fault. */
  faulted: number;
  daily: number;
}

export interface BreakerState {
  trouble: Stop;
  waitMs: number;
  until: number;
  probe?: { slot: number; at: number };
}

/** Failures since Bedrock last answered. */
export interface Failing {
  count: number;
  /** When the first of them was told, epoch milliseconds. */
  since: number;
}

export class Breaker {
  #open: BreakerState | undefined;
  #failing: Failing | undefined;
  #recent = { answered: 0, transient: 0, at: 0 };

  /** A predecessor's probe may have ended while nobody led, and its end is told once: another one is sent. */
  constructor({ breaker, failing }: { breaker?: BreakerState; failing?: Failing } = {}) {
    this.#failing = failing;
    // Earlier releases stopped a lane for denials here, too.
    if (breaker === undefined || !(breaker.trouble in STOPS)) return;
    const { trouble, waitMs, until } = breaker;
    this.#open = { trouble, waitMs, until };
  }

  /** Why nothing goes out; undefined when all is well. */
  get trouble(): Stop | undefined {
    return this.#open?.trouble;
  }

  observe(now: number, ends: readonly CallEnds[]): void {
    const decay = 0.5 ** ((now - this.#recent.at) / HALF_LIFE_MS);
    const sum = (of: (end: CallEnds) => number) => ends.reduce((total, end) => total + of(end), 0);
    const [answered, transient] = [sum((it) => it.answered), sum((it) => it.transient)];
    this.#recent = {
      answered: this.#recent.answered * decay + answered,
      transient: this.#recent.transient * decay + transient,
      at: now,
    };
    // Requests that are at fault themselves stop a lane only when nothing else in it is answered.
    this.#countFailing(now, answered, transient + sum((it) => it.faulted));
    if (this.#open === undefined) this.#judge(now, sum((it) => it.daily) > 0);
    else this.#judgeProbe(now, ends, this.#open);
  }

  /** What may go out now: everything, nothing, or one release that finds out whether Bedrock serves the lane again. */
  allows(now: number): 'all' | 'probe' | 'none' {
    if (this.#open === undefined) return 'all';
    const { until, probe } = this.#open;
    const awaited = probe !== undefined && now < probe.at + PROBE_TIMEOUT_MS;
    return now < until || awaited ? 'none' : 'probe';
  }

  /** Releases went out in `slot`: while the lane waits, they are its probe. */
  released(now: number, slot: number): void {
    if (this.#open !== undefined) this.#open.probe = { slot, at: now };
  }

  snapshot(): { breaker?: BreakerState; failing?: Failing } {
    return { breaker: this.#open, failing: this.#failing };
  }

  #countFailing(now: number, answered: number, failed: number): void {
    if (answered > 0) this.#failing = undefined;
    else if (failed > 0) {
      const { count, since } = this.#failing ?? { count: 0, since: now };
      this.#failing = { count: count + failed, since };
    }
  }

  #judge(now: number, usedUp: boolean): void {
    if (usedUp) this.#trip(now, 'daily_quota');
    else if (this.#isFailing(now)) this.#trip(now, 'failing');
  }

  /** Calls fail in numbers, or, in a quiet lane, one after the other. */
  #isFailing(now: number): boolean {
    const { answered, transient } = this.#recent;
    if (transient >= FAILURES && transient >= FAILED_SHARE * (answered + transient)) return true;
    const { count, since } = this.#failing ?? { count: 0, since: now };
    return count >= QUIET_FAILURES && now >= since + QUIET_MS;
  }

  #judgeProbe(now: number, ends: readonly CallEnds[], open: BreakerState): void {
    const probed = ends.find(({ slot }) => slot === open.probe?.slot);
    if (probed === undefined) return;
    if (probed.daily > 0) this.#trip(now, 'daily_quota', open);
    else if (probed.transient + probed.faulted > 0) this.#trip(now, 'failing', open);
    else if (probed.answered > 0) {
      this.#open = undefined;
      this.#recent = { answered: 0, transient: 0, at: now };
    } else delete open.probe;
  }

  #trip(now: number, trouble: Stop, before?: BreakerState): void {
    const { firstWaitMs, longestWaitMs } = STOPS[trouble];
    const again = before?.trouble === trouble;
    const waitMs = again ? Math.min(longestWaitMs, before.waitMs * 2) : firstWaitMs;
    this.#open = { trouble, waitMs, until: now + waitMs };
  }
}

/** Probes go round: no request should bear all of them, least one that Bedrock may fail for its own sake. */
export function leastReleased(queues: readonly (readonly BacklogEntry[])[]): BacklogEntry[][] {
  const least = queues.flat().reduce((least, { generation }) => Math.min(least, generation), Infinity);
  return queues.map((queue) => queue.filter(({ generation }) => generation === least));
}
