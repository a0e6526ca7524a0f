/**
 * Stops what would only burn requests. When Bedrock fails calls, those whose calls they are rest: as long as others are
 * answered, the model works, and it is their own doing. Unless anything else is answered, the lane has stopped for all. After
 * a while one release probes; when it is answered all go on, otherwise they rest longer. The day's tokens, once used up, stop
 * everybody. Denials: denied-models.ts.
 */
import type { BacklogEntry } from '../../request/ports.ts';
import type { CallEnd } from '../call-report.ts';
import type { Trouble } from '../ports.ts';
import { type CallEnds, type Failing, FailureWatch } from './failures.ts';

type Stop = Exclude<Trouble, 'denied'>;

const STOPS: Record<Stop, { firstWaitMs: number; longestWaitMs: number }> = {
  failing: { firstWaitMs: 3_000, longestWaitMs: 10_000 },
  daily_quota: { firstWaitMs: 300_000, longestWaitMs: 1_800_000 },
};
/** A probe whose end nobody reports is followed by another. */
const PROBE_TIMEOUT_MS = 60_000;
/** What was answered this shortly before calls began to fail shows that the model works. */
const RECENT_MS = 3_000;
/** So many tenants rest by name; of further ones each request finds out by itself. */
const MOST_TENANTS = 100;
const SHOWN_TENANTS = 5;

export interface BreakerState {
  trouble: Stop;
  waitMs: number;
  /** When one of those who rest may probe, epoch milliseconds. */
  until: number;
  /** Those whose calls fail, the next to probe first; all of them where it is nobody's own doing. */
  tenants?: string[];
  /** Others are answered, and go on. */
  works?: boolean;
}

interface Probe {
  tenant: string;
  slot: number;
  at: number;
}

interface Open extends BreakerState {
  /** When calls last failed that say something, epoch milliseconds. */
  failedAt: number;
  probes: Probe[];
}

/** By which Bedrock shows that it serves the model. */
const ANSWERS: ReadonlySet<CallEnd> = new Set(['settled', 'throttled', 'invalid']);
const FAILURES: ReadonlySet<CallEnd> = new Set(['transient', 'faulted']);

export class Breaker {
  #open: Open | undefined;
  readonly #watch: FailureWatch;

  /** A predecessor's probe may have ended while nobody led, and its end is told once: another one is sent. */
  constructor({ breaker, failing }: { breaker?: BreakerState; failing?: Failing } = {}) {
    this.#watch = new FailureWatch(failing);
    // Earlier releases stopped a lane for denials here, too, and named nobody.
    if (breaker === undefined || !(breaker.trouble in STOPS)) return;
    const { trouble, waitMs, until, works, tenants = trouble === 'failing' ? [] : undefined } = breaker;
    this.#open = { trouble, waitMs, until, works, tenants, failedAt: until - waitMs, probes: [] };
  }

  /** Why nothing goes out; undefined when all is well, or well for most. */
  get trouble(): Stop | undefined {
    return this.#open?.works ? undefined : this.#open?.trouble;
  }

  /** Tenants whose calls fail while others are answered: the first few. */
  get resting(): string[] {
    return this.#open?.works ? (this.#open.tenants ?? []).slice(0, SHOWN_TENANTS) : [];
  }

  /** Nothing waits but what such tenants sent. */
  restsAll(waiting: readonly BacklogEntry[]): boolean {
    const open = this.#open;
    return (
      open?.works === true && waiting.length > 0 && waiting.every(({ tenant }) => isListed(open, tenant))
    );
  }

  observe(now: number, ends: readonly CallEnds[]): void {
    this.#watch.observe(now, ends, (tenant) => this.#open !== undefined && isListed(this.#open, tenant));
    const open = this.#open;
    for (const { slot, probes } of ends) {
      for (const { tenant, end } of probes) this.#judgeProbe(now, slot, tenant, end);
    }
    // Calls of before that end only now say nothing of a lane that has stopped.
    if (this.trouble !== undefined || this.#open !== open) return;
    if (ends.some(({ daily }) => daily > 0)) this.#trip(now, 'daily_quota');
    else if (this.#watch.isFailing(now)) this.#trip(now, 'failing');
  }

  /** What may go out now: everything that {@link admitted} leaves, one release that finds out more, or nothing. */
  allows(now: number): 'all' | 'probe' | 'none' {
    const open = this.#open;
    if (open === undefined || open.works) return 'all';
    return isDue(open, now) || othersMayTry(open, now) ? 'probe' : 'none';
  }

  /** The queues without requests of those who rest, but for one that may probe. */
  admitted(queues: BacklogEntry[][], now: number): BacklogEntry[][] {
    const open = this.#open;
    if (open === undefined) return queues;
    const due = isDue(open, now);
    if (open.works) {
      const probe = due ? nextProbe(open, queues.flat()) : undefined;
      return queues.map((queue) => queue.filter((it) => !isListed(open, it.tenant) || it === probe));
    }
    const others = othersMayTry(open, now);
    return queues.map((queue) => queue.filter(({ tenant }) => (isListed(open, tenant) ? due : others)));
  }

  /** A request of this tenant went out in `slot`. True when it is a probe. */
  released(now: number, slot: number, tenant: string): boolean {
    const open = this.#open;
    if (open === undefined || (open.works && !isListed(open, tenant))) return false;
    open.probes = open.probes.filter((it) => isAwaited(it, now));
    open.probes.push({ tenant, slot, at: now });
    if (open.tenants?.includes(tenant)) open.tenants = [...without(open.tenants, tenant), tenant];
    return true;
  }

  /** What {@link released} told of in `slot` did not go out after all. */
  withdrawn(slot: number, tenant: string): void {
    if (this.#open === undefined) return;
    const { probes } = this.#open;
    const index = probes.findLastIndex((it) => it.slot === slot && it.tenant === tenant);
    this.#open.probes = probes.filter((_, at) => at !== index);
  }

  snapshot(): { breaker?: BreakerState; failing?: Failing } {
    const { failing } = this.#watch;
    if (this.#open === undefined) return { breaker: undefined, failing };
    const { trouble, waitMs, until, tenants, works } = this.#open;
    return { breaker: { trouble, waitMs, until, tenants, works }, failing };
  }

  #judgeProbe(now: number, slot: number, tenant: string, end: CallEnd): void {
    const open = this.#open;
    const probe = open?.probes.find((it) => it.slot === slot && it.tenant === tenant);
    if (open === undefined || probe === undefined) return;
    open.probes = open.probes.filter((it) => it !== probe);
    const listed = isListed(open, tenant);
    if (end === 'throttled_daily') this.#trip(now, 'daily_quota', tenant);
    else if (FAILURES.has(end)) {
      if (listed || isFull(open)) this.#trip(now, 'failing', tenant);
      else open.tenants = listOf(open.tenants, [tenant]);
    } else if (ANSWERS.has(end)) {
      if (listed) this.#close();
      else open.works = true;
    }
  }

  #close(): void {
    this.#open = undefined;
    this.#watch.forget();
  }

  /** @param probe the tenant whose probe failed; absent: calls of those fail who did not rest */
  #trip(now: number, trouble: Stop, probe?: string): void {
    const { firstWaitMs, longestWaitMs } = STOPS[trouble];
    const before = this.#open?.trouble === trouble ? this.#open : undefined;
    const longer = probe === undefined ? 1 : 2;
    const waitMs = before === undefined ? firstWaitMs : Math.min(longestWaitMs, before.waitMs * longer);
    const tenants = listOf(before?.tenants, probe === undefined ? this.#watch.tenants() : [probe]);
    this.#open = {
      ...{ trouble, waitMs, until: now + waitMs, failedAt: now, probes: before?.probes ?? [] },
      ...(trouble === 'failing' && {
        tenants,
        works: tenants.length > 0 && this.#watch.answeredSince(before?.failedAt ?? now - RECENT_MS),
      }),
    };
    this.#watch.forget();
  }
}

/** Probes go round: no request should bear all of them, least one that Bedrock may fail for its own sake. */
export function leastReleased(queues: readonly (readonly BacklogEntry[])[]): BacklogEntry[][] {
  const least = queues.flat().reduce((least, { generation }) => Math.min(least, generation), Infinity);
  return queues.map((queue) => queue.filter(({ generation }) => generation === least));
}

function isFull({ tenants = [] }: BreakerState): boolean {
  return tenants.length >= MOST_TENANTS;
}

function isListed({ tenants }: BreakerState, tenant: string): boolean {
  return tenants === undefined || tenants.includes(tenant);
}

function isAwaited({ at }: Probe, now: number): boolean {
  return now < at + PROBE_TIMEOUT_MS;
}

/** One of those who rest may probe. */
function isDue(open: Open, now: number): boolean {
  const awaited = open.probes.some((it) => (isFull(open) || isListed(open, it.tenant)) && isAwaited(it, now));
  return now >= open.until && !awaited;
}

/**
 * Nobody knows whether the model works: those whose calls have not failed may find out, one request at a time. Where too many rest to
 * name more, they take turns with these: none of these may have anything waiting.
 */
function othersMayTry(open: Open, now: number): boolean {
  if (open.tenants === undefined) return false;
  if (isFull(open)) return isDue(open, now);
  return !open.probes.some((it) => !isListed(open, it.tenant) && isAwaited(it, now));
}

/** Of the first tenant in turn that has anything waiting, the least released. */
function nextProbe({ tenants = [] }: Open, entries: readonly BacklogEntry[]): BacklogEntry | undefined {
  for (const tenant of tenants) {
    const own = leastReleased([entries.filter((it) => it.tenant === tenant)]).flat();
    if (own.length > 0) return own[0];
  }
  return undefined;
}

function listOf(tenants: readonly string[] = [], others: readonly string[]): string[] {
  return [...new Set([...tenants, ...others])].slice(0, MOST_TENANTS);
}

function without(tenants: readonly string[], tenant: string): string[] {
  return tenants.filter((it) => it !== tenant);
}
