/** What a tick costs by the number of requests that wait, and how much one leader can release. */

import type { Limits } from '../../core/lane/catalog/limits.ts';
import { TICK_MS } from '../../core/prioritization/lane-leader.ts';
import { createMemoryCloud } from '../../memory/cloud.ts';
import { median } from '../quantiles.ts';
import { delayed } from '../simulation/delayed.ts';
import { seededDelays } from '../simulation/delays.ts';
import { VirtualClock } from '../simulation/virtual-clock.ts';
import { defaultSettings } from './bench.ts';
import { BusyLane, type BusyLanePorts } from './busy-lane.ts';

/** Releases of one tick: so few that a thousand requests fill the heads of every queue, as a million do. */
const RELEASES_PER_TICK = 5;
const limitsFor = (releasesPerTick: number) => ({
  requests_per_minute: (releasesPerTick * 60_000) / TICK_MS,
  tokens_per_minute: 1e12,
});
const NO_LIMITS = { requests_per_minute: 1e12, tokens_per_minute: 1e15 };
/** Lanes take turns of so many ticks: a slow moment of the machine meets all of them. */
const TICKS_IN_TURN = 10;
const TURN_MS = TICKS_IN_TURN * TICK_MS;
/**
 * The first minute's quota goes at once, and what follows has its lumps: backlogs of different size are alike from the third minute
 * on. One whole minute is measured.
 */
export const STEADY: Span = { warmUpMs: 120_000, measuredMs: 60_000 };
const CEILING_SECONDS = 10;
const CEILING_BACKLOG = 50_000;

export interface TickCost {
  waiting: number;
  /** Milliseconds of real time, of a whole tick. */
  medianMs: number;
  releasesPerTick: number;
  /** Milliseconds of processor time, of this process alone: tables in another one are not in it. */
  cpuMsPerRelease: number;
}

/** One backlog to measure, on ports of its own. */
export interface Backlog {
  waiting: number;
  ports: BusyLanePorts;
}

/** Of each lane, in virtual time. */
export interface Span {
  warmUpMs: number;
  measuredMs: number;
}

/** Ticks of real leaders over backlogs of different size, in real time. */
export async function compareTicks(
  backlogs: readonly Backlog[],
  { warmUpMs, measuredMs }: Span,
  releasesPerTick = RELEASES_PER_TICK,
): Promise<TickCost[]> {
  const lanes: MeasuredLane[] = [];
  for (const backlog of backlogs) {
    const lane = new MeasuredLane(backlog, limitsFor(releasesPerTick));
    await lane.fill();
    lanes.push(lane);
  }
  for (const span of [warmUpMs, measuredMs]) {
    for (const lane of lanes) lane.forget();
    for (let turn = 0; turn * TURN_MS < span; turn++) {
      for (const lane of lanes) await lane.takeTurn();
    }
  }
  return lanes.map((lane) => lane.cost);
}

/** A lane whose time passes in its own turns only. */
class MeasuredLane {
  #now = Date.UTC(2026, 10, 2, 9);
  #ticks: number[] = [];
  #cpuMs = 0;
  #releasedBefore = 0;
  readonly #waiting: number;
  readonly #lane: BusyLane;

  constructor({ ports, waiting }: Backlog, limits: Limits) {
    const clock = { now: () => this.#now, sleep: async () => undefined };
    this.#waiting = waiting;
    this.#lane = new BusyLane(ports, { settings: engineUnbound(), clock, limits });
  }

  fill(): Promise<void> {
    return this.#lane.fill(this.#waiting);
  }

  async takeTurn(): Promise<void> {
    const { leader } = this.#lane;
    for (let tick = 0; tick < TICKS_IN_TURN; tick++) {
      this.#now += TICK_MS;
      const [begun, cpu] = [performance.now(), process.cpuUsage()];
      await leader.tick();
      this.#ticks.push(performance.now() - begun);
      const { user, system } = process.cpuUsage(cpu);
      this.#cpuMs += (user + system) / 1_000;
      await this.#lane.finishReleased();
    }
  }

  /** What was measured so far does not count. */
  forget(): void {
    this.#ticks = [];
    this.#cpuMs = 0;
    this.#releasedBefore = this.#lane.released;
  }

  get cost(): TickCost {
    const released = this.#lane.released - this.#releasedBefore;
    return {
      waiting: this.#waiting,
      medianMs: median(this.#ticks),
      releasesPerTick: released / this.#ticks.length,
      cpuMsPerRelease: this.#cpuMs / released,
    };
  }
}

export interface Ceiling {
  /** With AWS's delays, on the virtual clock. */
  releasesPerSecond: number;
  /** Real time of everything that the leader and its surroundings computed for one release. */
  computedMsPerRelease: number;
}

/** What one leader releases a second when neither a quota nor workers hold it back. */
export async function measureCeiling(seed: number): Promise<Ceiling> {
  const clock = new VirtualClock(Date.UTC(2026, 10, 2, 9));
  const { tableCall } = seededDelays(seed);
  const asSeen = (ports: BusyLanePorts) => wrapped(ports, (port) => delayed(port, clock, tableCall));
  const { ports } = createMemoryCloud({ clock });
  const lane = new BusyLane(ports, { settings: engineUnbound(), clock, limits: NO_LIMITS, asSeen });
  await lane.fill(CEILING_BACKLOG);
  const until = clock.now() + CEILING_SECONDS * 1_000;
  const finish = () => {
    clock.spawn(() => lane.finishReleased());
    if (clock.now() < until) clock.at(clock.now() + 100, finish);
  };
  finish();
  const begun = performance.now();
  await clock.complete(lane.leader.lead(until));
  const computedMs = performance.now() - begun;
  return {
    releasesPerSecond: lane.released / CEILING_SECONDS,
    computedMsPerRelease: computedMs / Math.max(1, lane.released),
  };
}

function wrapped(ports: BusyLanePorts, wrap: <T extends object>(port: T) => T): BusyLanePorts {
  return Object.fromEntries(
    Object.entries(ports).map(([name, port]) => [name, wrap(port)]),
  ) as unknown as BusyLanePorts;
}

function engineUnbound() {
  const { prioritization } = defaultSettings('sliding-window', 0);
  return { ...prioritization, queueDepthThreshold: 1_000_000 };
}
