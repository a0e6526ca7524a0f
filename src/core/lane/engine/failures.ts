/** Tells when going on would only burn requests, and whose calls it is that fail. */
import type { TenantCount } from '../call-counters.ts';
import type { CallEnd } from '../call-report.ts';

/** Failures in the recent past that are too many, if they are also half of all calls. */
const FAILURES = 3;
const FAILED_SHARE = 0.5;
/** The recent past. */
const HALF_LIFE_MS = 5_000;
/** In a quiet lane fewer failures are too many, when for so long nothing has been answered since the first of them. */
const QUIET_FAILURES = 2;
const QUIET_MS = 4_000;
/** Whose calls fail less than this part of what the worst tenant's do has met no more than an ordinary hiccup. */
const OF_WORST = 0.2;
/** Less than this is forgotten. */
const HARDLY_ANY = 0.05;

/** What became of the calls of one slot since the last look. */
export interface CallEnds {
  slot: number;
  /** Bedrock served the call or refused it for its own sake. */
  answered: number;
  transient: number;
  /** The model failed, which may be the requests' own fault. */
  faulted: number;
  daily: number;
  /** Calls of the slot that have not ended. */
  running: number;
  /** The transient ones and the faulted ones by tenant. */
  transients: readonly TenantCount[];
  faults: readonly TenantCount[];
  probes: readonly { tenant: string; end: CallEnd }[];
}

/** Failures since Bedrock last answered. */
export interface Failing {
  count: number;
  /** When the first of them was told, epoch milliseconds. */
  since: number;
}

export class FailureWatch {
  #failing: Failing | undefined;
  #recent = { answered: 0, transient: 0, at: 0 };
  #tenants = new Map<string, { transient: number; all: number }>();
  #answeredAt = Number.NEGATIVE_INFINITY;

  constructor(failing?: Failing) {
    this.#failing = failing;
  }

  get failing(): Failing | undefined {
    return this.#failing;
  }

  /** @param isKnown these tenants are known to fail, and their failures say nothing new */
  observe(now: number, ends: readonly CallEnds[], isKnown: (tenant: string) => boolean): void {
    // A failure ends a call early, and an answer takes its time: while more calls of the same time still run, it says little.
    const telling = ends.filter(({ transient, faulted, running }) => transient + faulted >= running);
    const news = (counts: readonly TenantCount[], all: number) =>
      counts.reduce((left, [tenant, count]) => left - (isKnown(tenant) ? count : 0), all);
    const answered = sum(ends, (it) => it.answered);
    const transient = sum(telling, (it) => news(it.transients, it.transient));
    const faulted = sum(telling, (it) => news(it.faults, it.faulted));
    if (answered > 0) this.#answeredAt = now;
    this.#fade(0.5 ** ((now - this.#recent.at) / HALF_LIFE_MS));
    this.#recent.answered += answered;
    this.#recent.transient += transient;
    this.#recent.at = now;
    for (const { transients, faults } of telling) {
      for (const [tenant, count] of transients) if (!isKnown(tenant)) this.#count(tenant, count, count);
      for (const [tenant, count] of faults) if (!isKnown(tenant)) this.#count(tenant, 0, count);
    }
    // Requests that are at fault themselves count only while nothing else is answered.
    this.#countFailing(now, answered, transient + faulted);
  }

  /** Calls fail in numbers, or, in a quiet lane, one after the other. */
  isFailing(now: number): boolean {
    if (this.#failInNumbers) return true;
    const { count, since } = this.#failing ?? { count: 0, since: now };
    return count >= QUIET_FAILURES && now >= since + QUIET_MS;
  }

  /** Whose calls it is that fail. */
  tenants(): string[] {
    const inNumbers = this.#failInNumbers;
    const failed = ({ transient, all }: { transient: number; all: number }) => (inNumbers ? transient : all);
    const worst = Math.max(0, ...[...this.#tenants.values()].map(failed));
    return [...this.#tenants].flatMap(([tenant, it]) =>
      failed(it) > 0 && failed(it) >= OF_WORST * worst ? [tenant] : [],
    );
  }

  answeredSince(time: number): boolean {
    return this.#answeredAt > time;
  }

  /** What was counted has had its consequences. */
  forget(): void {
    this.#recent = { ...this.#recent, answered: 0, transient: 0 };
    this.#tenants.clear();
    this.#failing = undefined;
  }

  get #failInNumbers(): boolean {
    const { answered, transient } = this.#recent;
    return transient >= FAILURES && transient >= FAILED_SHARE * (answered + transient);
  }

  #fade(part: number): void {
    this.#recent.answered *= part;
    this.#recent.transient *= part;
    for (const [tenant, it] of this.#tenants) {
      it.transient *= part;
      it.all *= part;
      if (it.all < HARDLY_ANY) this.#tenants.delete(tenant);
    }
  }

  #count(tenant: string, transient: number, all: number): void {
    const before = this.#tenants.get(tenant) ?? { transient: 0, all: 0 };
    this.#tenants.set(tenant, { transient: before.transient + transient, all: before.all + all });
  }

  #countFailing(now: number, answered: number, failed: number): void {
    if (answered > 0) this.#failing = undefined;
    else if (failed > 0) {
      const { count, since } = this.#failing ?? { count: 0, since: now };
      this.#failing = { count: count + failed, since };
    }
  }
}

function sum(ends: readonly CallEnds[], of: (end: CallEnds) => number): number {
  return ends.reduce((total, end) => total + of(end), 0);
}
