/** What a tick costs by the number of requests that wait, and how much one leader can release. */

import { TICK_MS } from '../../core/prioritization/lane-leader.ts';
import { createMemoryCloud } from '../../memory/cloud.ts';
import { delayed } from '../simulation/delayed.ts';
import { seededDelays } from '../simulation/delays.ts';
import { VirtualClock } from '../simulation/virtual-clock.ts';
import { defaultSettings } from './bench.ts';
import { BusyLane, type BusyLanePorts } from './busy-lane.ts';

/** Releases of one tick: so few that a thousand requests fill the heads of every queue, as a million do. */
const RELEASES_PER_TICK = 10;
const limitsFor = (releasesPerTick: number) => ({
  requests_per_minute: (releasesPerTick * 60_000) / TICK_MS,
  tokens_per_minute: 1e12,
});
const NO_LIMITS = { requests_per_minute: 1e12, tokens_per_minute: 1e15 };
/** Lanes take turns of so many ticks: a slow moment of the machine meets all of them. */
const TICKS_IN_TURN = 10;
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

/** Ticks of real leaders over backlogs of different size, in real time. */
export async function compareTicks(
  backlogs: readonly Backlog[],
  turns: { warmUp: number; measured: number },
  releasesPerTick = RELEASES_PER_TICK,
): Promise<TickCost[]> {
  let now = Date.UTC(2026, 10, 2, 9);
  const clock = { now: () => now, sleep: async () => undefined };
  const lanes: { lane: BusyLane; ticks: number[]; cpuMs: number; releasedBefore: number }[] = [];
  for (const { ports, waiting } of backlogs) {
    const lane = new BusyLane(ports, {
      settings: engineUnbound(),
      clock,
      limits: limitsFor(releasesPerTick),
    });
    await lane.fill(waiting);
    lanes.push({ lane, ticks: [], cpuMs: 0, releasedBefore: 0 });
  }
  for (let turn = 0; turn < turns.warmUp + turns.measured; turn++) {
    for (const each of lanes) {
      if (turn === turns.warmUp) each.releasedBefore = each.lane.released;
      for (let tick = 0; tick < TICKS_IN_TURN; tick++) {
        now += TICK_MS;
        const [begun, cpu] = [performance.now(), process.cpuUsage()];
        await each.lane.leader.tick();
        const ms = performance.now() - begun;
        const { user, system } = process.cpuUsage(cpu);
        if (turn >= turns.warmUp) {
          each.ticks.push(ms);
          each.cpuMs += (user + system) / 1_000;
        }
        await each.lane.finishReleased();
      }
    }
  }
  return lanes.map(({ lane, ticks, cpuMs, releasedBefore }, index) => ({
    waiting: backlogs[index]?.waiting ?? 0,
    medianMs: medianOf(ticks),
    releasesPerTick: (lane.released - releasedBefore) / ticks.length,
    cpuMsPerRelease: cpuMs / (lane.released - releasedBefore),
  }));
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

function medianOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
