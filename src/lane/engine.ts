/**
 * Decides what one lane releases now. Pure: what it knows comes in, decisions come out; time is an argument. Its
 * memory is a JSON text that a successor goes on from.
 */
import type { BacklogEntry } from '../request/ports.ts';
import type { Priority } from '../request/record.ts';
import { Bundles } from './bundles.ts';
import type { Estimates } from './estimates.ts';
import { FairQueues } from './fair-queues.ts';
import { Ledger } from './ledger.ts';
import { parseMemory, writeMemory } from './memory.ts';
import { Pacing, pacedTokens } from './pacing.ts';
import type { Limits, SlotReport } from './ports.ts';
import { slotOf } from './report.ts';
import { type Sizing, sizeOf } from './sizing.ts';

export interface EngineSettings {
  /** First guess of how long a call takes, until real ones are known. */
  averageRequestMs: number;
  /** Minutes of quota that may be released and unfinished. */
  minutesToProcess: number;
  /** Requests that may be released and unfinished. */
  queueDepthThreshold: number;
  /** When a release that has not ended counts as lost. */
  leaseMs: number;
}

export interface TickInput {
  now: number;
  /** Reports of {@link LaneEngine.reportsFrom} and later. */
  reports: readonly SlotReport[];
  /** Heads of the backlog's queues: each in order of arrival. */
  queues: readonly (readonly BacklogEntry[])[];
  limits: Limits;
  /** Workers that may take bundles of this lane in all, those that it has already included. */
  workers: number;
  priorityWeights: Record<Priority, number>;
  tenantWeights: Record<string, number>;
}

export interface EngineRelease extends Sizing {
  entry: BacklogEntry;
  /** Releases of the same number travel together. */
  bundle: number;
}

export interface Decisions {
  /** Epoch milliseconds of all releases. */
  releasedAt: number;
  releases: EngineRelease[];
  /** Past their deadline before they spent anything. */
  expired: BacklogEntry[];
  /** Larger than the whole quota: they can never run. */
  oversized: (Sizing & { entry: BacklogEntry })[];
}

export class LaneEngine {
  readonly #ledger: Ledger;
  readonly #pacing = new Pacing();
  readonly #queues: FairQueues;
  readonly #estimates: Estimates;
  /** Reports as last read, to learn only what is new. */
  readonly #read = new Map<number, Record<string, number>>();
  /** A leader that has just taken over reads what its predecessor has already learned from. */
  #fresh = true;
  #throttled = 0;

  constructor(
    private readonly settings: EngineSettings,
    memory?: string,
  ) {
    const past = parseMemory(memory);
    this.#ledger = new Ledger(settings.leaseMs);
    for (const [slot, releases] of past.slots) this.#ledger.release(slot, releases);
    this.#queues = new FairQueues(past.shares);
    this.#estimates = past.estimates;
  }

  /** Slot from which the next tick needs reports. */
  reportsFrom(now: number): number {
    const first = this.#fresh ? this.#ledger.firstSlot() : this.#ledger.firstUnfinishedSlot();
    return first ?? slotOf(now);
  }

  /** Releases that have not ended, and the workers they take. */
  unfinished(now: number): { releases: number; bundles: number } {
    return this.#ledger.unfinished(now);
  }

  /** The first slot with a release that has not ended. */
  firstUnfinishedSlot(): number | undefined {
    return this.#ledger.firstUnfinishedSlot();
  }

  tick(input: TickInput): Decisions {
    const { now, limits } = input;
    this.#takeIn(input.reports);
    this.#ledger.prune(now);
    this.#pacing.advance(now, limits);
    const decisions: Decisions = { releasedAt: now, releases: [], expired: [], oversized: [] };
    const alive = input.queues.map((queue) =>
      queue.filter((entry) => {
        const expired = entry.deadline_at <= now;
        if (expired) decisions.expired.push(entry);
        return !expired;
      }),
    );
    this.#queues.enter(alive, input);
    this.#release(input, decisions);
    return decisions;
  }

  /** A release that did not happen, because its record had moved on. */
  refund(decisions: Decisions, release: EngineRelease): void {
    this.#ledger.release(slotOf(decisions.releasedAt), {
      releases: -1,
      bundles: 0,
      reserved: -release.reserved,
      held: -release.held,
    });
    this.#queues.refund(release.entry, release.charge);
  }

  /** How the lane does, for its metrics. */
  figures(now: number, limits: Limits): { QuotaUtilisation: number; Throttled: number; LanesPaused: number } {
    const used = this.#ledger.usage(now);
    const share = (amount: number, limit: number | undefined) => (limit ? (100 * amount) / limit : 0);
    const throttled = this.#throttled;
    this.#throttled = 0;
    return {
      QuotaUtilisation: Math.max(
        share(used.requests, limits.requests_per_minute),
        share(used.tokens, limits.tokens_per_minute),
      ),
      Throttled: throttled,
      LanesPaused: 0,
    };
  }

  memory(): string {
    return writeMemory({
      slots: this.#ledger.slots(),
      shares: this.#queues.memory(),
      estimates: this.#estimates,
    });
  }

  #takeIn(reports: readonly SlotReport[]): void {
    this.#ledger.report(reports);
    for (const { slot, counters } of reports) {
      const before = this.#read.get(slot);
      this.#read.set(slot, counters);
      if (this.#fresh) continue;
      const news = newOf(counters, before);
      this.#estimates.learn(news);
      this.#throttled += news.throttled ?? 0;
    }
    this.#fresh = false;
    const first = this.#ledger.firstUnfinishedSlot();
    for (const slot of this.#read.keys()) {
      if (first === undefined || slot < first) this.#read.delete(slot);
    }
  }

  #release(input: TickInput, decisions: Decisions): void {
    const { now, limits } = input;
    const slot = slotOf(now);
    const used = this.#ledger.usage(now);
    const unfinished = this.#ledger.unfinished(now);
    const bundles = new Bundles();
    const most = this.#mostUnfinished(limits) - unfinished.releases;
    const freeWorkers = input.workers - unfinished.bundles;
    const runMs = this.#estimates.runMs(this.settings.averageRequestMs);
    while (this.#pacing.allows() && decisions.releases.length < most) {
      const entry = this.#queues.next();
      if (entry === undefined || bundles.countWith(entry) > freeWorkers) return;
      const size = sizeOf(entry, this.#estimates, limits);
      const room = roomFor(size, limits);
      if (room === 'never') {
        decisions.oversized.push({ ...size, entry });
        this.#queues.drop();
        continue;
      }
      const fits =
        used.requests + 1 <= (limits.requests_per_minute ?? Number.POSITIVE_INFINITY) &&
        used.tokens + size.held <= Math.max(room, used.tokens > 0 ? 0 : size.held);
      if (!fits) {
        if (this.#queues.skip(size.held)) continue;
        return;
      }
      const cost = { requests: 1, tokens: pacedTokens({ ...size, runMs }) };
      this.#pacing.spend(cost);
      this.#queues.serve(size.charge);
      used.requests += 1;
      used.tokens += size.held;
      const before = bundles.count;
      const bundle = bundles.add(entry);
      this.#ledger.release(slot, {
        releases: 1,
        bundles: bundles.count - before,
        reserved: size.reserved,
        held: size.held,
      });
      decisions.releases.push({ ...size, entry, bundle });
    }
  }

  /** What may be released and unfinished at once. */
  #mostUnfinished(limits: Limits): number {
    const rate = limits.requests_per_minute;
    const byTime =
      rate === undefined ? Number.POSITIVE_INFINITY : Math.ceil(rate * this.settings.minutesToProcess);
    return Math.min(this.settings.queueDepthThreshold, byTime);
  }
}

/** The tokens a minute that a call may fill, or `never` when its reservation alone exceeds them. */
function roomFor(size: Sizing, limits: Limits): number | 'never' {
  const room = limits.tokens_per_minute ?? Number.POSITIVE_INFINITY;
  return size.reserved > room ? 'never' : room;
}

/** What has been counted since; counters only grow. */
function newOf(
  counters: Record<string, number>,
  before: Record<string, number> = {},
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(counters).map(([name, count]) => [name, Math.max(0, count - (before[name] ?? 0))]),
  );
}
