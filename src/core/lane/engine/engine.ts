/**
 * Decides what one lane releases now. Pure: what it knows comes in, decisions come out; time is an argument. Its
 * snapshot is a JSON text that a successor goes on from.
 */
import type { BacklogEntry } from '../../request/ports.ts';
import { PRIORITIES } from '../../request/record.ts';
import { SLOT_MS, slotOf } from '../call-report.ts';
import type { Limits } from '../catalog/limits.ts';
import type { LaneFigures, Paused, ReportPartition } from '../ports.ts';
import { urgentShareBeside } from '../priority-weights.ts';
import { AdaptiveShare } from './adaptive-share.ts';
import { BindingWatch, type RoundEnd } from './binding.ts';
import { Breaker, leastReleased } from './breaker.ts';
import { BundlePacer } from './bundles.ts';
import { DeniedModels } from './denied-models.ts';
import { Estimates } from './estimates.ts';
import { FairQueues } from './fair-queues.ts';
import { bindingShare, capacityOf, Headroom } from './headroom.ts';
import { Ledger, type LedgerTotals, WINDOW_MS } from './ledger.ts';
import { lookAheadMs, mayBeAhead, Pacing, spareWithin } from './pacing.ts';
import { RecentTenants } from './recent-tenants.ts';
import { type RoundParts, releaseRound } from './release-round.ts';
import { endsOf, ReportDeltas } from './report-deltas.ts';
import { ReportPartitions } from './report-partitions.ts';
import { RetryBudget } from './retry-budget.ts';
import { type Sizing, sizeOf } from './sizing.ts';
import { parseEstimates, parseState, writeEstimates, writeState } from './state.ts';
import type { Decisions, EngineRelease, TickInput } from './tick.ts';
import { Told } from './told.ts';
import { UrgentDemand } from './urgent-demand.ts';
import { lengthOf, prioritiesOf, typicalOf, waitedMs } from './waiting.ts';

/** By what the breaker allows. */
const MOST_RELEASES = { all: Number.POSITIVE_INFINITY, probe: 1, none: 0 };

export interface EngineSettings {
  /** First guess of how long a call takes, until real ones are known. */
  averageRequestMs: number;
  /** Minutes of quota that may be released and unfinished. */
  minutesToProcess: number;
  /** When a release that has not ended counts as lost. */
  leaseMs: number;
  /** How long a call may take until its worker gives it up; as long as it likes unless given. */
  callMs?: number;
}

const NOTHING_RELEASED = { releases: 0, bundles: 0, reserved: 0, held: 0, variance: 0, expected: 0 };

export class LaneEngine {
  /** What reports have told, until the lane's metrics take it. */
  readonly told = new Told();
  readonly #ledger: Ledger;
  readonly #estimates: Estimates;
  readonly #queues: FairQueues;
  readonly #adaptiveShare: AdaptiveShare;
  readonly #breaker: Breaker;
  readonly #deniedModels: DeniedModels;
  readonly #pacing = new Pacing();
  readonly #urgentDemand: UrgentDemand;
  readonly #retries = new RetryBudget();
  readonly #deltas: ReportDeltas;
  readonly #bundlePacer = new BundlePacer();
  readonly #recentTenants: RecentTenants;
  readonly #bindingWatch = new BindingWatch();
  readonly #parts: RoundParts;
  #figures: LaneFigures = { unfinished: 0, utilisation: 0, share: 1 };
  readonly #partitions: ReportPartitions;
  #learned = 0;

  constructor(
    private readonly settings: EngineSettings,
    plan?: string,
    estimates?: string,
  ) {
    const past = parseState(plan);
    this.#ledger = new Ledger(settings.leaseMs);
    for (const [slot, releases] of past.slots) this.#ledger.release(slot, releases);
    this.#deltas = new ReportDeltas(this.#ledger, past.unheard);
    this.#estimates = new Estimates(parseEstimates(estimates) ?? past.estimates);
    this.#queues = new FairQueues(past.shares);
    this.#urgentDemand = new UrgentDemand(past.urgent);
    this.#recentTenants = new RecentTenants(past.recent);
    this.#adaptiveShare = new AdaptiveShare(past.adaptation);
    this.#breaker = new Breaker(past);
    this.#deniedModels = new DeniedModels(past.models);
    this.#partitions = new ReportPartitions(past.any_before);
    this.#parts = {
      ledger: this.#ledger,
      queues: this.#queues,
      adaptiveShare: this.#adaptiveShare,
      breaker: this.#breaker,
      deniedModels: this.#deniedModels,
      pacing: this.#pacing,
      urgentDemand: this.#urgentDemand,
      retries: this.#retries,
      bundlePacer: this.#bundlePacer,
      recentTenants: this.#recentTenants,
    };
  }

  /** Something has been released that has not ended, or a predecessor's releases are to be settled. */
  get awaitsReports(): boolean {
    return this.#deltas.awaited;
  }

  /** Slot from which the next tick needs reports. */
  reportsFrom(now: number): number {
    return this.#deltas.from(now);
  }

  /** Where the reports of this slot and later ones are. */
  reportsIn(fromSlot: number, now: number): ReportPartition {
    return this.#partitions.of(fromSlot, now);
  }

  /** Releases that have not ended, and the workers they take. */
  unfinished(now: number): { releases: number; bundles: number } {
    return this.#ledger.unfinished(now);
  }

  /** When the first release was made that has not ended, epoch milliseconds. */
  unfinishedSince(): number | undefined {
    const slot = this.#ledger.firstUnfinishedSlot();
    return slot === undefined ? undefined : slot * SLOT_MS;
  }

  /** When the last release was made, epoch milliseconds, at the latest; undefined when it is too long ago to count. */
  get lastReleasedAt(): number | undefined {
    return this.#ledger.lastReleasedAt();
  }

  tick(input: TickInput): Decisions {
    const { now } = input;
    const used = this.#takeIn(input);
    const limits = this.#adaptiveShare.limits(input.limits);
    const runMs = this.runMs;
    const lastMinute = this.#ledger.releasedSince(now - WINDOW_MS);
    const partition = this.#partitions.assign(now, lastMinute.requests);
    const decisions: Decisions = { releasedAt: now, partition, releases: [], expired: [], oversized: [] };
    const queues = input.queues.map((queue) => {
      for (const entry of queue) if (entry.deadline_at <= now) decisions.expired.push(entry);
      return queue.filter(({ deadline_at }) => deadline_at > now);
    });
    const paused = this.#pausedBy(input, queues);
    const allowed = paused === 'operator' || paused === 'no_quota' ? 'none' : this.#breaker.allows(now);
    const admitted = this.#breaker.admitted(this.#deniedModels.admitted(queues, now), now);
    const sizeOf = this.#sizer(input.limits);
    const typical = typicalOf(used, admitted, sizeOf);
    const priorities = prioritiesOf(admitted);
    const share = urgentShareBeside(priorities, (priority) => input.priorityWeights[priority]);
    const capacity = capacityOf(limits, lastMinute, used);
    const waiting = lengthOf(admitted);
    const urgent = this.#urgentDemand.foresee(now, {
      ...{ waiting, waits: priorities.includes(PRIORITIES[0]), share, typical },
      ...{ used, limits, capacity, runMs },
    });
    const headroom = new Headroom(used, limits, {
      outlook: this.#ledger.outlook(now, runMs, this.#estimates.startDelay),
      released: this.#ledger.releases(now),
      runMs,
      urgentIn: urgent.within,
    });
    const searching = this.#adaptiveShare.share < 1 || (input.assumed?.length ?? 0) > 0;
    const aheadMs = lookAheadMs(waitedMs(admitted, now), searching);
    const rate = headroom.rateWithin(aheadMs, mayBeAhead(typical, limits));
    this.#pacing.advance(now, rate, searching ? undefined : spareWithin(aheadMs, headroom));
    const { minutesToProcess } = this.settings;
    const { isWithin: urgentFirst } = urgent;
    const round = { input, limits, headroom, urgentFirst, aheadMs, runMs, minutesToProcess, sizeOf };
    const release = (entries: BacklogEntry[][], count: number) => {
      this.#queues.enter(entries, input, (entry) => sizeOf(entry).cost);
      if (urgentFirst) this.#queues.putUrgentFirst();
      return releaseRound(this.#parts, round, count, decisions);
    };
    let end: RoundEnd = 'stopped';
    if (allowed === 'probe') end = release(leastReleased(admitted), MOST_RELEASES.probe);
    if (decisions.releases.length === 0) end = release(admitted, MOST_RELEASES[allowed]);
    this.#bindingWatch.note(now, end, bindingShare(used, limits));
    const { resting } = this.#breaker;
    this.#figures = {
      unfinished: this.#ledger.unfinished(now).releases,
      utilisation: bindingShare(used, input.limits),
      share: this.#adaptiveShare.share,
      ...(headroom.behindMs > SLOT_MS && { behind_ms: Math.round(headroom.behindMs) }),
      ...(resting.length > 0 && { resting }),
      ...(paused !== undefined && { paused }),
      ...(paused === undefined && { binds: this.#bindingWatch.binds(used, limits) }),
    };
    return decisions;
  }

  /** The releases of a bundle that was not sent. */
  refund({ releasedAt }: Decisions, bundle: readonly EngineRelease[]): void {
    const slot = slotOf(releasedAt);
    this.#ledger.release(slot, { ...NOTHING_RELEASED, bundles: -1 });
    for (const { entry, reserved, held, variance, charge, cost, probe } of bundle) {
      const change = { reserved: -reserved, held: -held, variance: -variance, expected: -charge };
      this.#ledger.release(slot, { releases: -1, bundles: 0, ...change });
      this.#queues.correct(entry, -cost);
      if (!probe) continue;
      this.#breaker.withdrawn(slot, entry.tenant);
      this.#deniedModels.withdrawn(slot, entry.model_id);
    }
  }

  /** Requests of this model id wait, because Bedrock denies it. */
  holdsBack(modelId: string): boolean {
    return this.#deniedModels.holdsBack(modelId);
  }

  /** How long a call takes from its release, milliseconds. */
  get runMs(): number {
    return this.#estimates.runMs(this.settings.averageRequestMs);
  }

  /** All but one in twenty calls start within this time of their release; undefined while nothing is known. */
  get usualStartMs(): number | undefined {
    return this.#estimates.usualStartMs;
  }

  /** Minutes of the limits that the last minute has released. */
  paceWithin(limits: Limits, now: number): number {
    return bindingShare(this.#ledger.releasedSince(now - WINDOW_MS), limits);
  }

  /** Requests released since then, a minute ago at most. */
  releasedSince(time: number): number {
    return this.#ledger.releasedSince(time).requests;
  }

  /** How large a waiting request is taken to be. */
  sizeOf(entry: BacklogEntry, limits: Limits): Sizing {
    return sizeOf(entry, this.#estimates, limits, this.runMs, this.settings.callMs);
  }

  /** How the lane does after the last tick. */
  get figures(): LaneFigures {
    return this.#figures;
  }

  /** Answers from which it has learned. */
  get learned(): number {
    return this.#learned;
  }

  /** All that a successor must know before it releases anything. */
  snapshot(): string {
    return writeState({
      slots: this.#ledger.slots(),
      unheard: this.#ledger.unheardSlots(),
      shares: this.#queues.snapshot(),
      urgent: this.#urgentDemand.snapshot(),
      recent: this.#recentTenants.snapshot(),
      adaptation: this.#adaptiveShare.snapshot(),
      ...this.#breaker.snapshot(),
      models: this.#deniedModels.snapshot(),
      any_before: this.#partitions.snapshot(),
    });
  }

  /** What has been learned: it changes slowly, and a successor can do without its last part. */
  estimates(): string {
    return writeEstimates(this.#estimates.snapshot());
  }

  /** Settles the account by what invocations have reported, and learns from it. Returns what is used. */
  #takeIn({ now, reports, limits }: TickInput): LedgerTotals {
    const deltas = this.#deltas.takeIn(reports, now);
    this.#ledger.prune(now);
    const used = this.#ledger.usage(now, this.#estimates.startDelay);
    for (const delta of deltas) {
      this.#estimates.learn(delta);
      this.#learned += delta.settled;
      this.told.note(delta);
      for (const { tokens, ...who } of delta.owed) {
        this.#queues.correct(who, tokens);
        if (who.priority === PRIORITIES[0]) this.#urgentDemand.correct(tokens);
      }
    }
    const ends = deltas.map((delta) => endsOf(delta, this.#ledger.runningOf(delta.slot)));
    const utilisation = bindingShare(used, limits);
    this.#adaptiveShare.follow(limits);
    this.#adaptiveShare.observe(now, utilisation, ends);
    this.#breaker.observe(now, ends);
    this.#deniedModels.observe(now, ends);
    this.#retries.advance(
      now,
      ends.reduce((sum, { settled }) => sum + settled, 0),
    );
    return used;
  }

  #pausedBy({ paused, limits }: TickInput, waiting: BacklogEntry[][]): Paused | undefined {
    if (paused) return 'operator';
    if (limits.requests_per_minute === 0 || limits.tokens_per_minute === 0) return 'no_quota';
    if (this.#breaker.resting.length > 0 && this.#breaker.restsAll(waiting.flat())) return 'failing';
    return this.#breaker.trouble ?? (this.#deniedModels.stopsLane ? 'denied' : undefined);
  }

  /** Sizes of what waits, each worked out once. */
  #sizer(limits: Limits): (entry: BacklogEntry) => Sizing {
    const sizes = new Map<BacklogEntry, Sizing>();
    return (entry) => {
      const size = sizes.get(entry) ?? this.sizeOf(entry, limits);
      sizes.set(entry, size);
      return size;
    };
  }
}
