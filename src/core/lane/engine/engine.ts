/**
 * Decides what one lane releases now. Pure: what it knows comes in, decisions come out; time is an argument. Its
 * snapshot is a JSON text that a successor goes on from.
 */
import type { BacklogEntry } from '../../request/ports.ts';
import { PRIORITIES } from '../../request/record.ts';
import { SLOT_MS, slotOf } from '../call-report.ts';
import type { Limits } from '../catalog/limits.ts';
import type { LaneFigures, Paused } from '../ports.ts';
import { AdaptiveShare } from './adaptive-share.ts';
import { BindingWatch, type RoundEnd } from './binding.ts';
import { Breaker, leastReleased } from './breaker.ts';
import { BundlePacer, keptForUrgent } from './bundles.ts';
import { DeniedModels } from './denied-models.ts';
import { Estimates } from './estimates.ts';
import { FairQueues } from './fair-queues.ts';
import { bindingShare, Headroom } from './headroom.ts';
import { Ledger, type LedgerTotals } from './ledger.ts';
import { lookAheadMs, mayBeAhead, Pacing, pacedTokens } from './pacing.ts';
import { RecentTenants } from './recent-tenants.ts';
import { endsOf, ReportDeltas } from './report-deltas.ts';
import { RetryBudget } from './retry-budget.ts';
import { type Sizing, sizeOf } from './sizing.ts';
import { parseEstimates, parseState, writeEstimates, writeState } from './state.ts';
import type { Decisions, EngineRelease, TickInput } from './tick.ts';
import { patienceMs, UrgentDemand, unforeseenUrgent } from './urgent-demand.ts';
import { lengthOf, typicalOf, waitedMs } from './waiting.ts';

/** Urgent work that has waited for so long asks for more than its share, or cannot be helped. */
const LONG_FOR_URGENT_MS = 5_000;

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

/** What is known once a tick has taken in its reports. */
interface Round {
  input: TickInput;
  /** Ours to use of the limits. */
  limits: Limits;
  headroom: Headroom;
  /** How far pacing looks ahead. */
  aheadMs: number;
  sizeOf(entry: BacklogEntry): Sizing;
}

export class LaneEngine {
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
  #figures: LaneFigures = { unfinished: 0, utilisation: 0, share: 1 };
  #throttled = 0;
  #wonBack = 0;

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
  }

  /** Something has been released that has not ended, or a predecessor's releases are to be settled. */
  get awaitsReports(): boolean {
    return this.#deltas.awaited;
  }

  /** Slot from which the next tick needs reports. */
  reportsFrom(now: number): number {
    return this.#deltas.from(now);
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
    const runMs = this.#runMs;
    this.#urgentDemand.advance(now);
    const decisions: Decisions = {
      releasedAt: now,
      releases: [],
      expired: [],
      oversized: [],
    };
    const waiting = input.queues.map((queue) => {
      for (const entry of queue) if (entry.deadline_at <= now) decisions.expired.push(entry);
      return queue.filter(({ deadline_at }) => deadline_at > now);
    });
    const paused = this.#pausedBy(input, waiting);
    const allowed = paused === 'operator' || paused === 'no_quota' ? 'none' : this.#breaker.allows(now);
    const admitted = this.#breaker.admitted(this.#deniedModels.admitted(waiting, now), now);
    const sizeOf = this.#sizer(input.limits);
    const typical = typicalOf(used, admitted, sizeOf);
    const patience = patienceMs(typical, limits);
    const unforeseen = unforeseenUrgent(typical, lengthOf(admitted), used, limits);
    const headroom = new Headroom(used, limits, {
      outlook: this.#ledger.outlook(now, runMs, this.#estimates.startDelay),
      runMs,
      urgentIn: (ms) => this.#urgentDemand.within(ms - patience, runMs, unforeseen),
    });
    const searching = this.#adaptiveShare.share < 1 || (input.assumed?.length ?? 0) > 0;
    const aheadMs = lookAheadMs(waitedMs(admitted, now), searching);
    this.#pacing.advance(now, headroom.rateWithin(aheadMs, mayBeAhead(typical, limits)));
    const release = (entries: BacklogEntry[][], count: number) => {
      this.#queues.enter(entries, input, (entry) => sizeOf(entry).cost);
      return this.#release({ input, limits, headroom, aheadMs, sizeOf }, count, decisions);
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

  /** A release that did not happen, because its record had moved on. */
  refund({ releasedAt }: Decisions, { entry, reserved, held, variance, charge, cost }: EngineRelease): void {
    const change = {
      releases: -1,
      bundles: 0,
      reserved: -reserved,
      held: -held,
      variance: -variance,
      expected: -charge,
    };
    this.#ledger.release(slotOf(releasedAt), change);
    this.#queues.correct(entry, -cost);
  }

  /** Requests of this model id wait, because Bedrock denies it. */
  holdsBack(modelId: string): boolean {
    return this.#deniedModels.holdsBack(modelId);
  }

  /** All but one in twenty calls start within this time of their release; undefined while nothing is known. */
  get usualStartMs(): number | undefined {
    return this.#estimates.usualStartMs;
  }

  /** What a waiting request is expected to be charged. */
  chargeOf(entry: BacklogEntry, limits: Limits): number {
    return this.#sizeOf(entry, limits).charge;
  }

  /** How the lane does after the last tick. */
  get figures(): LaneFigures {
    return this.#figures;
  }

  /** Throttled calls since the last call. */
  takeThrottled(): number {
    const throttled = this.#throttled;
    this.#throttled = 0;
    return throttled;
  }

  /** Tokens won back by right-sized max tokens since the last call; negative when reruns cost more. */
  takeWonBack(): number {
    const wonBack = this.#wonBack;
    this.#wonBack = 0;
    return wonBack;
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
    });
  }

  /** What has been learned: it changes slowly, and a successor can do without its last part. */
  estimates(): string {
    return writeEstimates(this.#estimates.snapshot());
  }

  /** Settles the account by what invocations have reported, and learns from it. Returns what is used. */
  #takeIn({ now, reports, limits }: TickInput): LedgerTotals {
    const deltas = this.#deltas.takeIn(reports);
    this.#ledger.prune(now);
    const used = this.#ledger.usage(now, this.#estimates.startDelay);
    for (const delta of deltas) {
      this.#estimates.learn(delta);
      this.#wonBack += delta.won_back;
      for (const { tokens, ...who } of delta.owed) this.#queues.correct(who, tokens);
    }
    const ends = deltas.map(endsOf);
    const utilisation = bindingShare(used, limits);
    this.#adaptiveShare.follow(limits);
    this.#adaptiveShare.observe(now, utilisation, ends);
    this.#breaker.observe(now, ends);
    this.#deniedModels.observe(now, ends);
    this.#retries.advance(
      now,
      ends.reduce((sum, { settled }) => sum + settled, 0),
    );
    this.#throttled += ends.reduce((sum, { throttled }) => sum + throttled, 0);
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
      const size = sizes.get(entry) ?? this.#sizeOf(entry, limits);
      sizes.set(entry, size);
      return size;
    };
  }

  #sizeOf(entry: BacklogEntry, limits: Limits): Sizing {
    return sizeOf(entry, this.#estimates, limits, this.#runMs, this.settings.callMs);
  }

  #release(
    { input, limits, headroom, aheadMs, sizeOf }: Round,
    allowed: number,
    decisions: Decisions,
  ): RoundEnd {
    const { now } = input;
    const unfinished = this.#ledger.unfinished(now);
    const room = this.#room(limits, unfinished.releases);
    const runMs = this.#runMs;
    const { tenants } = this.#queues;
    this.#recentTenants.note(now, tenants);
    const holders = this.#ledger.holders(now);
    const leastHeld = Math.min(...[...tenants].map((it) => holders.get(it) ?? 0));
    const bundles = this.#bundlePacer.begin(now, {
      ...{ ...input, taken: unfinished.bundles, runMs },
      ...{ holders, leastHeld, shared: this.#recentTenants.areSeveral(now) },
    });
    const noWorker = input.workersSetting ?? 'max_concurrent_executions';
    // While urgent work asks for less than its share, it goes first and finds its room, whatever the shares of a moment say.
    const urgentFirst =
      this.#queues.urgentSince > now - LONG_FOR_URGENT_MS &&
      this.#urgentDemand.isWithin(this.#queues.urgentShare, limits);
    let someAreKept = false;
    for (let end: RoundEnd = 'nothing waits'; ; ) {
      const entry = this.#queues.next();
      if (entry === undefined) return end;
      if (decisions.releases.length >= allowed) return 'stopped';
      const urgent = entry.priority === PRIORITIES[0];
      if (decisions.releases.length >= room[urgent ? 'urgent' : 'others']) return 'minutes_to_process';
      if (!urgent && !this.#pacing.allows()) {
        if (!urgentFirst) return 'quota';
        end = 'quota';
        this.#queues.passOthers();
        continue;
      }
      if (bundles.isKeptFrom(entry)) {
        someAreKept = true;
        end = noWorker;
        this.#queues.drop();
        continue;
      }
      if (!bundles.admits(entry)) {
        // What some are kept from is not made up for: the others would have it alone.
        if (!someAreKept) this.#pacing.waitForWorker(now, decisions.releases.length);
        return noWorker;
      }
      if (entry.failures > 0 && !this.#retries.allows()) {
        this.#queues.drop();
        continue;
      }
      const size = sizeOf(entry);
      if (size.least > certainTokens(input)) {
        decisions.oversized.push({ ...size, entry });
        this.#queues.drop();
        continue;
      }
      if (input.budgets?.admits(entry, size) === false) {
        this.#queues.drop();
        continue;
      }
      const keepsRoom = urgentFirst || !this.#queues.urgentWaits;
      const leaves = urgent ? 'nothing' : keepsRoom ? 'debts and urgent' : 'debts';
      const fits = headroom.fits(size, leaves);
      const { trials } = this.#adaptiveShare;
      const tries = !fits && urgent && trials.allows() && headroom.fits(size, leaves, input.limits);
      if (!fits && !tries) {
        end = 'quota';
        const skipped = this.#queues.skip(size.held);
        if (skipped === undefined || (skipped === 'waits' && (urgent || !urgentFirst))) return 'quota';
        if (skipped === 'waits') this.#queues.passOthers();
        continue;
      }
      if (tries) trials.spend(now, slotOf(now));
      if (entry.failures > 0) this.#retries.spend();
      if (!urgent) this.#pacing.spend({ requests: 1, tokens: pacedTokens(size, runMs, aheadMs) });
      this.#queues.serve(size.cost);
      headroom.take(size);
      input.budgets?.took(entry, size);
      if (urgent) this.#urgentDemand.add(size);
      const before = bundles.count;
      const bundle = bundles.add(entry);
      const opened = bundles.count - before;
      const { reserved, held, variance, charge: expected } = size;
      this.#ledger.release(slotOf(now), { releases: 1, bundles: opened, reserved, held, variance, expected });
      const probesModel = this.#deniedModels.released(now, slotOf(now), entry.model_id);
      const probe = this.#breaker.released(now, slotOf(now), entry.tenant) || probesModel;
      decisions.releases.push({ ...size, entry, bundle, probe });
    }
  }

  /** How long a call takes from its release, milliseconds. */
  get #runMs(): number {
    return this.#estimates.runMs(this.settings.averageRequestMs);
  }

  /** How many more may be released and unfinished: some places are kept for urgent ones. */
  #room({ requests_per_minute: rate = Number.POSITIVE_INFINITY }: Limits, unfinished: number) {
    const most = Math.ceil(rate * this.settings.minutesToProcess);
    const left = most - unfinished;
    return { urgent: left, others: Number.isFinite(most) ? left - keptForUrgent(most) : left };
  }
}

/** The tokens a minute of which it is certain that Bedrock admits no more. */
function certainTokens({ limits, assumed }: TickInput): number {
  const known = assumed?.includes('tokens_per_minute') ? undefined : limits.tokens_per_minute;
  return known ?? Number.POSITIVE_INFINITY;
}
