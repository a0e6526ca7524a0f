/**
 * A lane's engine between a backlog and a Bedrock, in virtual time: all of the engine, and around it as little as it takes.
 * Bedrock's account is the simulator's, which shares no code with the ledger.
 */

import {
  BUNDLE_ENDED,
  countersOf,
  freedBy,
  type HoldingCall,
  heldBy,
  type SlotTotals,
} from '../../src/core/lane/call-counters.ts';
import { type CallEnd, HELD_AFTER_MS, slotOf } from '../../src/core/lane/call-report.ts';
import { burndownOf, laneOf } from '../../src/core/lane/catalog/catalog.ts';
import type { Limits } from '../../src/core/lane/catalog/limits.ts';
import { type Counters, sumOf } from '../../src/core/lane/counters.ts';
import { LaneEngine } from '../../src/core/lane/engine/engine.ts';
import type { Decisions, EngineRelease, TickInput } from '../../src/core/lane/engine/tick.ts';
import { backlogKey } from '../../src/core/request/keys.ts';
import type { BacklogEntry } from '../../src/core/request/ports.ts';
import { START_WINDOW_MS } from '../../src/core/request/times.ts';
import { EventQueue } from '../../src/lab/simulation/event-queue.ts';
import { exponential, forkRandom, type Random } from '../../src/lab/simulation/random.ts';
import { Quota, type QuotaLimits } from '../../src/local/bedrock/accounting.ts';
import { entryOf } from '../fixtures/entries.ts';
import { MAX_ATTEMPTS } from '../fixtures/records.ts';
import type { Flow, Range, Scenario } from './scenario.ts';

const LEASE_MS = 330_000;
/** As many of a queue as a leader reads, at least. */
const HEADS = 50;
const REFUSAL_MS = 30;
const FOREIGN_CALL = { reserved: 1_000, charged: 600, ms: 2_000 };

export interface Release extends EngineRelease {
  at: number;
  worker: number;
  startedAt?: number;
  /** What its worker has told of that while it ran. */
  startedBy?: number;
  end?: CallEnd;
  endedAt?: number;
  charged: number;
  /** When the leader can know of the end. */
  reportedAt: number;
}

/** A worker on its way with one bundle. */
interface Worker {
  id: number;
  startsAfter: number;
  /** Calls that have not ended. */
  running: Release[];
  /** Those of them that were told to hold it. */
  holders: HoldingCall[];
}

/** What a tick saw and did. */
export interface Tick extends Decisions {
  at: number;
  limits: Limits;
  /** The engine's part of the limits, afterwards. */
  share: number;
  /** Heads of the queues, each in order of arrival. */
  waiting: readonly (readonly BacklogEntry[])[];
  released: readonly Release[];
}

/** What a control takes out. */
export interface Sabotage {
  /** A part of the engine. */
  engine?: () => void;
  /** What the engine is told. */
  told?: (input: TickInput) => TickInput;
  /** What a successor goes on from. */
  plan?: (memory: string) => string;
  /** Where a request waits that returns. */
  returned?: (entry: BacklogEntry, now: number) => BacklogEntry;
}

export class LaneRun {
  readonly ticks: Tick[] = [];
  readonly releases: Release[] = [];
  readonly #begin: number;
  #now: number;
  #engine: LaneEngine;
  #limits: Limits;
  #count = 0;
  #workers = 0;
  readonly #random: Random;
  readonly #events = new EventQueue();
  readonly #queues = new Map<string, BacklogEntry[]>();
  readonly #totals = new Map<number, Record<string, number>>();
  /** By request: what the answer would have if it might. */
  readonly #answers = new Map<string, number>();
  readonly #quota: Quota;

  constructor(
    readonly scenario: Scenario,
    private readonly sabotage: Sabotage = {},
  ) {
    sabotage.engine?.();
    const { seed, limits, enforcement, changes, flows, successions, foreign } = scenario;
    this.#random = forkRandom(seed, 'lane');
    this.#begin = seed % 60_000;
    this.#now = this.#begin;
    this.#limits = limits;
    this.#quota = new Quota(quotaOf(limits), enforcement);
    this.#engine = this.#lead();
    for (const change of changes) {
      this.#at(this.#begin + change.at, () => {
        if (change.announced) this.#limits = change.limits;
        this.#quota.resize(this.#now, quotaOf(change.limits));
      });
    }
    for (const at of successions) {
      this.#at(this.#begin + at, () => {
        const memory = this.#engine.snapshot();
        this.#engine = this.#lead(this.sabotage.plan?.(memory) ?? memory);
      });
    }
    for (const flow of flows) this.#feed(flow);
    if (foreign.to > foreign.from) this.#at(this.#begin + foreign.from, () => this.#callByOthers());
  }

  run(): this {
    const end = this.#begin + this.scenario.durationMs;
    for (let at = this.#begin; at < end; at += this.scenario.tickMs) {
      for (let next = this.#events.nextAt; next !== undefined && next <= at; next = this.#events.nextAt) {
        this.#now = next;
        this.#events.take()?.();
      }
      this.#now = at;
      this.#tick();
    }
    return this;
  }

  /** When it began, epoch milliseconds. */
  get begin(): number {
    return this.#begin;
  }

  #lead(memory?: string): LaneEngine {
    const { minutesToProcess } = this.scenario;
    const settings = { averageRequestMs: 5_000, minutesToProcess, leaseMs: LEASE_MS };
    return new LaneEngine(settings, memory);
  }

  #tick(): void {
    const at = this.#now;
    const limits = this.#limits;
    const waiting = [...this.#queues.values()].map((queue) => queue.slice(0, HEADS));
    const input: TickInput = {
      ...{ now: at, limits, workers: this.scenario.workers, paused: false, ...this.scenario.weights },
      reports: this.#reports(this.#engine.reportsFrom(at)),
      queues: waiting,
    };
    const decisions = this.#engine.tick(this.sabotage.told?.(input) ?? input);
    for (const entry of decisions.expired) this.#take(entry);
    for (const { entry } of decisions.oversized) this.#take(entry);
    const workers = new Map<number, Worker>();
    const released = decisions.releases.map((it): Release => {
      const worker = workers.get(it.bundle) ?? this.#startWorker();
      workers.set(it.bundle, worker);
      const entry = this.#take(it.entry);
      const release: Release = {
        ...it,
        entry,
        at,
        worker: worker.id,
        charged: 0,
        reportedAt: Number.POSITIVE_INFINITY,
      };
      worker.running.push(release);
      this.#at(at + worker.startsAfter, () => this.#call(release, worker));
      return release;
    });
    this.releases.push(...released);
    this.ticks.push({ ...decisions, at, limits, share: this.#engine.figures.share, waiting, released });
  }

  /** It tells whose calls hold it after a while. */
  #startWorker(): Worker {
    const startsAfter = this.#draw(this.scenario.startDelayMs);
    const worker: Worker = { id: ++this.#workers, startsAfter, running: [], holders: [] };
    const slot = slotOf(this.#now);
    this.#later(startsAfter + HELD_AFTER_MS, () => {
      for (const release of worker.running) release.startedBy = release.startedAt;
      worker.holders = worker.running.map(({ entry, startedBy }) => ({ tenant: entry.tenant, startedBy }));
      if (worker.holders.length > 0) this.#report(slot, heldBy(slot, worker.holders));
    });
    return worker;
  }

  #call(release: Release, worker: Worker): void {
    const { scenario } = this;
    const { entry } = release;
    const input = Math.max(1, Math.round(entry.input_tokens * this.#draw(scenario.estimates)));
    const endsAs = (end: CallEnd) => () => this.#end(release, worker, end);
    if (this.#now > release.at + START_WINDOW_MS) {
      endsAs('not_started')();
      return;
    }
    release.startedAt = this.#now;
    const admission = this.#isOut() ? undefined : this.#quota.start(this.#now, input + release.maxTokens);
    if (!admission?.admitted) {
      this.#later(REFUSAL_MS, endsAs(admission === undefined ? 'transient' : 'throttled'));
      return;
    }
    if (this.#hangs(entry.tenant)) return;
    const output = Math.min(release.maxTokens, this.#answers.get(entry.request_id) ?? 1);
    const fails = this.#random() < scenario.faults;
    this.#later(this.#draw(scenario.callMs), () => {
      const charge = fails ? 0 : input + output * burndownOf(scenario.modelId);
      this.#quota.end(this.#now, admission.call, charge);
      this.#end(release, worker, fails ? 'transient' : 'settled', { input, output, charge });
    });
  }

  #end(release: Release, worker: Worker, end: CallEnd, usage = { input: 0, output: 0, charge: 0 }): void {
    const { entry, at: releasedAt, startedAt, startedBy } = release;
    const { priority, tenant } = entry;
    Object.assign(release, { end, endedAt: this.#now, charged: usage.charge });
    worker.running.splice(worker.running.indexOf(release), 1);
    const counters = countersOf({
      ...{ end, releasedAt, startedAt, startedBy, finishedAt: this.#now, reservedTokens: release.reserved },
      // As workers do: after a server error nobody knows what was charged.
      chargedTokens: end === 'transient' ? release.reserved : usage.charge,
      ...{ estimatedInputTokens: entry.input_tokens, inputTokens: usage.input, outputTokens: usage.output },
      tenant,
      served: release.cost === release.charge ? { priority, expectedTokens: release.charge } : undefined,
      probe: release.probe,
    });
    const bundle = worker.running.length === 0 ? { ...BUNDLE_ENDED, ...freedBy(worker.holders) } : {};
    release.reportedAt = this.#now + this.#draw(this.scenario.reportLagMs);
    this.#at(release.reportedAt, () => this.#report(slotOf(releasedAt), { ...counters, ...bundle }));
    if (end === 'settled') return;
    const failures = entry.failures + (end === 'transient' ? 1 : 0);
    const { returned = (it: BacklogEntry) => it } = this.sabotage;
    if (failures < MAX_ATTEMPTS) this.#enqueue(returned({ ...entry, failures }, this.#now));
  }

  #report(slot: number, counters: Counters): void {
    this.#totals.set(slot, sumOf(this.#totals.get(slot) ?? {}, counters));
  }

  #reports(fromSlot: number): SlotTotals[] {
    const reports: SlotTotals[] = [];
    for (const [slot, counters] of this.#totals) if (slot >= fromSlot) reports.push({ slot, counters });
    return reports;
  }

  #feed(flow: Flow): void {
    for (let i = 0; i < flow.waiting; i++) this.#arrive(flow, flow.waitedMs);
    const { everyMs, fromMs = 0 } = flow;
    if (everyMs === undefined) return;
    const next = (at: number) =>
      this.#at(at, () => {
        this.#arrive(flow);
        next(at + everyMs);
      });
    next(this.#begin + fromMs);
  }

  #arrive({ priority, tenant, shards = 1, input, maxTokens, answer, patienceMs }: Flow, waitedMs = 0): void {
    const { modelId } = this.scenario;
    const place = { lane: laneOf(modelId), priority, tenant };
    const entry = entryOf(++this.#count, {
      ...place,
      model_id: modelId,
      backlog_key: backlogKey({ ...place, shard: Math.floor(this.#random() * shards) }),
      ...{
        accepted_at: this.#now - waitedMs,
        input_tokens: Math.round(this.#draw(input)),
        max_tokens: maxTokens,
      },
      ...(patienceMs && { deadline_at: this.#now + Math.round(this.#draw(patienceMs)) }),
    });
    this.#answers.set(entry.request_id, Math.max(1, Math.round(maxTokens * this.#draw(answer))));
    this.#enqueue(entry);
  }

  #enqueue(entry: BacklogEntry): void {
    const queue = this.#queues.get(entry.backlog_key) ?? [];
    this.#queues.set(entry.backlog_key, queue);
    const place = queue.findLastIndex((it) => it.backlog_order < entry.backlog_order);
    queue.splice(place + 1, 0, entry);
  }

  /** Takes the request out of the backlog; as it was before a control touched it. */
  #take({ request_id, backlog_key }: BacklogEntry): BacklogEntry {
    const queue = this.#queues.get(backlog_key) ?? [];
    const place = queue.findIndex((it) => it.request_id === request_id);
    if (place < 0) throw new Error(`Request ${request_id} does not wait`);
    return queue.splice(place, 1)[0] as BacklogEntry;
  }

  #callByOthers(): void {
    const { to, tokensPerMinute } = this.scenario.foreign;
    if (this.#now >= this.#begin + to) return;
    const admission = this.#quota.start(this.#now, FOREIGN_CALL.reserved);
    if (admission.admitted) {
      this.#later(FOREIGN_CALL.ms, () => this.#quota.end(this.#now, admission.call, FOREIGN_CALL.charged));
    }
    const meanGapMs = (60_000 * FOREIGN_CALL.charged) / tokensPerMinute;
    this.#later(exponential(this.#random, meanGapMs), () => this.#callByOthers());
  }

  #hangs(tenant: string): boolean {
    return this.scenario.flows.some((flow) => flow.tenant === tenant && flow.hangs);
  }

  #isOut(): boolean {
    const { from, to } = this.scenario.outage;
    return this.#begin + from <= this.#now && this.#now < this.#begin + to;
  }

  #draw([least, most]: Range): number {
    return least + (most - least) * this.#random();
  }

  #later(ms: number, happen: () => void): void {
    this.#at(this.#now + ms, happen);
  }

  #at(at: number, happen: () => void): void {
    this.#events.add(Math.ceil(at), happen);
  }
}

function quotaOf({ requests_per_minute, tokens_per_minute }: Limits): QuotaLimits {
  return { requestsPerMinute: requests_per_minute, tokensPerMinute: tokens_per_minute };
}
