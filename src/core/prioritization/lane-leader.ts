/** Leads one lane: reads, lets the engine decide, writes. All decisions are the engine's. */

import { concurrently } from '../concurrently.ts';
import { tokensIn } from '../lane/backlog-figures.ts';
import type { SlotTotals } from '../lane/call-counters.ts';
import { type EngineSettings, LaneEngine } from '../lane/engine/engine.ts';
import type { Decisions } from '../lane/engine/tick.ts';
import type { Binds, LaneFigures, Led, ShownLane } from '../lane/ports.ts';
import type { BacklogEntry } from '../request/ports.ts';
import { BacklogSizes, sizesIn, withSizes } from './backlog-sizes.ts';
import { BacklogView } from './backlog-view.ts';
import { mayFallAsleep } from './falling-asleep.ts';
import { LaneBudgets } from './lane-budgets.ts';
import { metricsOf } from './lane-metrics.ts';
import { LaneRules } from './lane-rules.ts';
import { LaneWrites } from './lane-writes.ts';
import { PaceWatch } from './pace-watch.ts';
import type { PrioritizationPorts } from './ports.ts';
import { Promptness } from './promptness.ts';
import { endWaiting, recoverDue, withdrawUnclaimed } from './recovery.ts';
import { sharingOf } from './release-bundles.ts';
import { Releases } from './releases.ts';
import type { Workers } from './workers.ts';

/** With work waiting, what calls give back is used again soon, and urgent work is looked for as often. */
export const TICK_MS = 200;
/** Otherwise this is how long new work waits at most. */
const QUIET_TICK_MS = 500;
/** With nothing waiting, and less than this part of the workers taken, nobody needs at once what calls give back. */
const REPORTS = { everyMs: 1_000, takenPart: 0.5 };
/** What is due is looked at this often; deadlines are kept about as promptly. */
const DUE_EVERY_MS = 2_000;
const METRICS_EVERY_MS = 10_000;
const CONCURRENT_WRITES = 50;
/** A leader gives up after this many failed ticks in a row. */
const MAX_FAILED_TICKS = 5;

export interface LeaderSettings {
  engine: EngineSettings;
  metricsNamespace: string;
}

/** Why a leader stopped. */
export type Stopped = 'challenged' | 'lost' | 'asleep' | 'time_up';

export class LaneLeader {
  readonly #engine: LaneEngine;
  readonly #view: BacklogView;
  readonly #rules: LaneRules;
  readonly #budgets: LaneBudgets;
  readonly #sizes: BacklogSizes;
  readonly #pace: PaceWatch;
  readonly #promptness = new Promptness();
  readonly #lane: string;
  #reportsAt = Number.NEGATIVE_INFINITY;
  #dueAt = Number.NEGATIVE_INFINITY;
  #knowsReleased = false;
  #metricsAt: number;
  readonly #releases: Releases;
  readonly #ports: PrioritizationPorts;
  readonly #settings: LeaderSettings;
  readonly #workers: Workers;
  readonly #led: Led;
  readonly #writes: LaneWrites;

  constructor(ports: PrioritizationPorts, settings: LeaderSettings, workers: Workers, led: Led) {
    this.#ports = ports;
    this.#settings = settings;
    this.#workers = workers;
    this.#led = led;
    const now = ports.clock.now();
    this.#lane = led.lane;
    const engine = new LaneEngine(settings.engine, led.plan, led.estimates);
    this.#engine = engine;
    const { lane, token } = led;
    const { leaseMs } = settings.engine;
    const { metricsNamespace } = settings;
    const budgets = new LaneBudgets(ports, { lane, token, leaseMs, metricsNamespace }, led.plan);
    this.#budgets = budgets;
    this.#releases = new Releases(ports, { lane, leaseMs, engine, budgets });
    const sizes = new BacklogSizes(ports.backlog, now, sizesIn(led.estimates));
    this.#sizes = sizes;
    const legacy = {
      plan: () => budgets.inPlan(engine.snapshot()),
      estimates: () => withSizes(engine.estimates(), sizes.state),
      learned: () => engine.learned,
    };
    this.#writes = new LaneWrites(ports.leadership, led, legacy, now);
    this.#view = new BacklogView(led.lane, ports, engine.lastReleasedAt, (modelId) =>
      this.#engine.holdsBack(modelId),
    );
    this.#rules = new LaneRules(ports, led.lane);
    this.#pace = new PaceWatch(led.figures, now);
    this.#metricsAt = now;
    workers.note(led.lane, { taken: this.#engine.unfinished(now).bundles, waiting: true });
  }

  /** Ticks until the lane is handed over, lost, or has nothing to do, or until `until` (epoch milliseconds). */
  async lead(until: number): Promise<Stopped> {
    const { clock, log } = this.#ports;
    let failed = 0;
    for (;;) {
      const begun = clock.now();
      if (begun >= until) return this.#stop('time_up');
      try {
        const lease = await this.tick();
        failed = 0;
        if (lease !== 'held') return this.#stop(lease);
        if (this.#idle(clock.now())) {
          if (!(await this.#writes.sleep(this.#atRest(clock.now())))) return this.#stop('lost');
          if (await this.#staysIdle(until)) return this.#stop('asleep');
          continue;
        }
      } catch (error) {
        failed += 1;
        log('tick.failed', {
          lane: this.#lane,
          error: error instanceof Error ? error.name : 'unknown',
          failed,
        });
        if (failed >= MAX_FAILED_TICKS) {
          await this.#giveUp();
          throw error;
        }
      }
      const tookMs = clock.now() - begun;
      // Where reads and writes are slow, more of them would only be slower.
      await clock.sleep(Math.max(tookMs, this.#tickMs - tookMs));
    }
  }

  /** One round. Releases nothing unless the plan that counts the releases has been written. */
  async tick(): Promise<'held' | 'challenged' | 'lost'> {
    const { clock } = this.#ports;
    const begun = clock.now();
    await this.#noteReleased(begun);
    const [read] = await Promise.all([
      this.#readReports(begun),
      this.#rules.refresh(),
      this.#look(clock.now()),
      this.#workers.refresh(clock.now()),
      this.#recover(),
      this.#releases.settleOffers(begun),
    ]);
    const now = clock.now();
    const { limits, assumed, paused, priorityWeights, tenantWeights, tenantBudgets } = this.#rules;
    const decisions = this.#engine.tick({
      now,
      reports: read,
      queues: this.#budgets.begin(now, read, tenantBudgets, this.#view.heads(now), (entry) =>
        this.#engine.sizeOf(entry, limits),
      ),
      budgets: this.#budgets,
      limits,
      assumed,
      workers: this.#workers.availableTo(this.#lane),
      workersSetting: this.#workers.setting,
      rivals: this.#workers.rivalsOf(this.#lane),
      priorityWeights,
      tenantWeights,
      paused,
    });
    this.#promptness.note(begun, now);
    const taken = this.#engine.unfinished(now).bundles;
    const waiting = this.#oldest !== undefined;
    this.#workers.note(this.#lane, { taken, waiting });
    const { binds, ...engineFigures } = this.#engine.figures;
    const isBusy = waiting && engineFigures.paused === undefined;
    const figures = {
      ...engineFigures,
      ...(binds !== undefined && { binds: { ...binds, value: this.#valueOf(binds.by) } }),
      bundles: taken,
      waiting,
      ...(assumed.length > 0 && { assumed }),
      ...this.#pace.figures(now, isBusy, this.#engine.paceWithin(limits, now)),
      start_ms: this.#promptness.startMs(this.#engine.usualStartMs),
      backlog: this.#sizes.figures,
      ...this.#budgets.kept,
    };
    const lease = await this.#written(decisions, now, { limits, figures });
    if (lease === 'lost') return lease;
    await this.#apply(decisions);
    await this.#settleBudgets(now);
    if (now >= this.#metricsAt + METRICS_EVERY_MS) this.#emitMetrics(now);
    return lease;
  }

  /** The plan comes before the releases. Without it none is made, and the next tick decides again. */
  async #written(decisions: Decisions, now: number, shown: ShownLane): ReturnType<LaneWrites['tick']> {
    try {
      return await this.#writes.tick(now, decisions.releases.length > 0, shown);
    } catch (error) {
      this.#releases.takeBack(decisions);
      throw error;
    }
  }

  /** What the leader before has released, no record tells of until it is claimed. */
  async #noteReleased(now: number): Promise<void> {
    if (this.#knowsReleased) return;
    if (this.#engine.unfinished(now).releases > 0) {
      for (const lease of await this.#ports.leases.all(this.#lane)) this.#view.noteReleased(lease, now);
    }
    this.#knowsReleased = true;
  }

  async #readReports(now: number): Promise<SlotTotals[]> {
    const isWanted = this.#oldest !== undefined || this.#workers.takenPart >= REPORTS.takenPart;
    const isDue = isWanted || now >= this.#reportsAt + REPORTS.everyMs;
    if (!this.#engine.awaitsReports || !isDue) return [];
    const from = this.#engine.reportsFrom(now);
    const reports = await this.#ports.reports.since(this.#lane, from, this.#engine.reportsIn(from, now));
    this.#reportsAt = now;
    return reports;
  }

  async #look(now: number): Promise<void> {
    await this.#view.refresh(now, this.#engine.unfinishedSince());
    await this.#sizes.refresh(
      now,
      this.#view.seen,
      (entry) => this.#engine.sizeOf(entry, this.#rules.limits).charge,
      (entry) => this.#view.isReleased(entry),
    );
  }

  /** Of a variable of the stack; undefined for a limit of the quota. */
  #valueOf(by: Binds['by']): number | undefined {
    if (by === this.#workers.setting) return this.#workers.total;
    return by === 'minutes_to_process' ? this.#settings.engine.minutesToProcess : undefined;
  }

  async #apply(decisions: Decisions): Promise<void> {
    const { releasedAt, releases, expired, oversized } = decisions;
    const gone = [...releases, ...oversized].map(({ entry }) => entry).concat(expired);
    this.#view.release(gone, releasedAt);
    this.#sizes.remove(gone);
    const sharing = sharingOf(releases, {
      waits: this.#oldest !== undefined,
      rivals: this.#workers.rivalsOf(this.#lane),
      used: this.#engine.figures.utilisation,
      runMs: this.#engine.runMs,
      workers: this.#workers,
    });
    await this.#releases.carryOut(decisions, sharing, this.#rules.limits, (kept) => this.#view.restore(kept));
  }

  async #settleBudgets(now: number): Promise<void> {
    const refused = await this.#budgets.settle();
    if (refused.length === 0) return;
    this.#view.remove(
      refused.map(({ entry }) => entry),
      now,
    );
    await concurrently(refused, CONCURRENT_WRITES, ({ entry, error }) =>
      endWaiting(this.#ports, entry, { status: 'FAILED', error }),
    );
  }

  async #recover(): Promise<void> {
    const now = this.#ports.clock.now();
    if (now < this.#dueAt) return;
    this.#dueAt = now + DUE_EVERY_MS;
    await Promise.all([
      recoverDue(this.#ports, this.#lane),
      withdrawUnclaimed(this.#ports, this.#view.unclaimed(now)),
    ]);
  }

  get #tickMs(): number {
    const releases = this.#oldest !== undefined && this.#engine.figures.paused === undefined;
    return releases || this.#view.mayBeUrgent ? TICK_MS : QUIET_TICK_MS;
  }

  /**
   * Nothing waits that could be released, and few calls are out that could come back. What comes back wakes the lane, what is lost
   * is found by the schedule's next leader, what no budget covers now is looked at again then, and the next leader settles the
   * rest. A sleeping lane shows whom it keeps back.
   */
  #idle(now: number): boolean {
    if (!this.#view.showsOnly((entry) => this.#budgets.keepsBack(entry))) return false;
    if (this.#view.unclaimed(now).length > 0 || this.#releases.owes) return false;
    const { kept, used_up } = this.#writes.figures ?? {};
    const keeps = this.#budgets.kept;
    if (String(kept) !== String(keeps.kept) || used_up !== keeps.used_up) return false;
    const unfinished = this.#engine.unfinished(now);
    // What calls give back of a budget is wanted at once, in other lanes too.
    if (this.#budgets.isActive && unfinished.releases > 0) return false;
    const released = (withinMs: number) => this.#engine.releasedSince(now - withinMs);
    return mayFallAsleep({ unfinished, released });
  }

  /** What the last tick has released waits no more, and uses a part of the limits. */
  #atRest(now: number): Pick<LaneFigures, 'waiting' | 'utilisation' | 'backlog'> {
    const released = this.#engine.paceWithin(this.#rules.limits, now);
    const utilisation = Math.max(this.#engine.figures.utilisation, released);
    return { waiting: false, utilisation, backlog: this.#sizes.figures };
  }

  /**
   * Keeps looking until it has seen what came before the mark. False as soon as there is something to do, and at `until`. A queue that
   * is announced after the mark wakes the lane, and the directory is read again only then: to look at the lane's state costs a quarter
   * as much.
   */
  async #staysIdle(until: number): Promise<boolean> {
    const { clock, watch } = this.#ports;
    const markedAt = clock.now();
    for (let isWoken = true; clock.now() < until; ) {
      await clock.sleep(this.#view.lookInMs(clock.now(), markedAt));
      await this.#releases.settleOffers(clock.now());
      await this.#view.readAll(clock.now(), this.#engine.unfinishedSince(), isWoken);
      if (!this.#idle(clock.now())) return false;
      if (this.#view.hasSeen(markedAt)) return true;
      isWoken = (await watch.status(this.#lane))?.woken_at !== undefined;
    }
    return false;
  }

  get #oldest(): number | undefined {
    return this.#oldestWhere(() => true);
  }

  #oldestWhere(counts: (entry: BacklogEntry) => boolean): number | undefined {
    return this.#view.oldest((entry) => counts(entry) && !this.#budgets.keepsBack(entry));
  }

  #emitMetrics(now: number): void {
    this.#metricsAt = now;
    this.#ports.emit(
      metricsOf(this.#settings.metricsNamespace, now, {
        lane: this.#lane,
        engine: this.#engine,
        released: this.#releases.takeReleased(),
        waitingTokens: tokensIn(this.#sizes.figures),
        limitsAssumed: this.#rules.assumed.length,
        oldestWhere: (counts) => this.#oldestWhere(counts),
      }),
    );
  }

  /** What cannot be written is left to the lease: the next leader comes when it is over. */
  async #giveUp(): Promise<void> {
    this.#workers.leave(this.#lane);
    await this.#releases.settleAllOffers();
  }

  async #stop(stopped: Stopped): Promise<Stopped> {
    this.#workers.leave(this.#lane);
    // A lane at rest writes no line.
    if (this.#releases.released > 0 || !this.#engine.told.isEmpty) this.#emitMetrics(this.#ports.clock.now());
    try {
      if (stopped !== 'lost') {
        await this.#budgets.leave();
        await this.#writes.leave(this.#ports.clock.now(), stopped === 'asleep');
      }
    } finally {
      // The lane's next leader does not need to know of them.
      await this.#releases.settleAllOffers();
    }
    this.#ports.log('lane.left', { lane: this.#lane, token: this.#led.token, reason: stopped });
    return stopped;
  }
}
