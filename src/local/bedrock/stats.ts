import type { QuotaLimits } from './accounting.ts';

/** What happened in a lane in one second, one minute or the whole run. */
export interface Counts {
  /** Calls admitted under the quota. */
  calls: number;
  /** Calls refused with a ThrottlingException. */
  throttles: number;
  /** Tokens finally charged, counted at the second in which their call started; running calls not included. */
  tokens: number;
}

export interface SecondCounts extends Counts {
  /** Epoch seconds. Seconds without any call are left out. */
  second: number;
}

/** Share of each limit that was used, 1 = all; absent where there is no such limit. */
export interface Utilisation {
  rpm?: number;
  tpm?: number;
}

export interface LaneStats extends Counts {
  lane: string;
  /** Model ids, profile ids and ARNs as callers named them. */
  models: string[];
  limits: QuotaLimits;
  running: number;
  /** Calls that ended with an error other than throttling, by exception. */
  errors: Record<string, number>;
  inputTokens: number;
  outputTokens: number;
  /** Over the time from the first call to the last, at least a minute. */
  utilisation: Utilisation;
  /** By the clock's minutes (epoch). */
  minutes: ({ minute: number; utilisation: Utilisation } & Counts)[];
  /** The last two hours. */
  seconds: SecondCounts[];
}

export interface SimulatorStats {
  calls: number;
  throttles: number;
  tokens: number;
  /** Calls refused before they reached a lane: unknown model, invalid request. */
  invalid: number;
  lanes: LaneStats[];
}

const SECONDS_KEPT = 7_200;

/** Counts of one lane, by second. Time is epoch milliseconds. */
export class LaneRecorder {
  readonly models = new Set<string>();
  readonly errors: Record<string, number> = {};
  inputTokens = 0;
  outputTokens = 0;
  readonly #total: Counts = { calls: 0, throttles: 0, tokens: 0 };
  readonly #seconds = new Map<number, Counts>();
  #running = 0;
  #firstCall?: number;
  #lastCall = 0;

  readonly #lane: string;
  readonly #limits: QuotaLimits;

  constructor(lane: string, limits: QuotaLimits) {
    this.#lane = lane;
    this.#limits = limits;
  }

  throttled(now: number): void {
    this.#total.throttles++;
    this.#at(now).throttles++;
  }

  started(now: number): void {
    this.#firstCall ??= now;
    this.#lastCall = now;
    this.#running++;
    this.#total.calls++;
    this.#at(now).calls++;
  }

  ended(startedAt: number, tokens: { charged: number; input: number; output: number }): void {
    this.#running--;
    this.#total.tokens += tokens.charged;
    this.#at(startedAt).tokens += tokens.charged;
    this.inputTokens += tokens.input;
    this.outputTokens += tokens.output;
  }

  failed(type: string): void {
    this.errors[type] = (this.errors[type] ?? 0) + 1;
  }

  stats(): LaneStats {
    const spanMs = Math.max(60_000, this.#lastCall - (this.#firstCall ?? 0));
    return {
      lane: this.#lane,
      models: [...this.models],
      limits: this.#limits,
      running: this.#running,
      ...this.#total,
      errors: { ...this.errors },
      inputTokens: this.inputTokens,
      outputTokens: this.outputTokens,
      utilisation: this.#utilisation(this.#total, spanMs / 60_000),
      minutes: this.#byMinute(),
      seconds: [...this.#seconds].map(([second, counts]) => ({ second, ...counts })),
    };
  }

  #byMinute(): LaneStats['minutes'] {
    const minutes = new Map<number, Counts>();
    for (const [second, counts] of this.#seconds) {
      const minute = second - (second % 60);
      const sum = minutes.get(minute) ?? { calls: 0, throttles: 0, tokens: 0 };
      minutes.set(minute, {
        calls: sum.calls + counts.calls,
        throttles: sum.throttles + counts.throttles,
        tokens: sum.tokens + counts.tokens,
      });
    }
    return [...minutes].map(([minute, counts]) => ({
      minute,
      ...counts,
      utilisation: this.#utilisation(counts, 1),
    }));
  }

  #utilisation(counts: Counts, minutes: number): Utilisation {
    const { requestsPerMinute, tokensPerMinute } = this.#limits;
    return {
      ...(requestsPerMinute && { rpm: counts.calls / (requestsPerMinute * minutes) }),
      ...(tokensPerMinute && { tpm: counts.tokens / (tokensPerMinute * minutes) }),
    };
  }

  #at(now: number): Counts {
    const second = Math.floor(now / 1_000);
    let counts = this.#seconds.get(second);
    if (!counts) {
      counts = { calls: 0, throttles: 0, tokens: 0 };
      this.#seconds.set(second, counts);
      const [oldest] = this.#seconds.keys();
      if (oldest !== undefined && oldest < second - SECONDS_KEPT) this.#seconds.delete(oldest);
    }
    return counts;
  }
}
