/** One invocation of prioritization: leads the lanes it can take until others want them or its time is up. */
import { randomUUID } from 'node:crypto';
import { throwFirst } from '../concurrently.ts';
import { defaultLimitsOf, modelOf } from '../lane/catalog/catalog.ts';
import { CHALLENGE_EVERY_MS, isLed } from '../lane/wake.ts';
import { REJECTIONS_LANE } from '../request/keys.ts';
import { LaneLeader, type LeaderSettings } from './lane-leader.ts';
import { LEASE_MS } from './lane-writes.ts';
import { heartbeatLine } from './metrics.ts';
import type { PrioritizationPorts } from './ports.ts';
import { recoverDue } from './recovery.ts';
import { Workers, type WorkersSettings } from './workers.ts';

/** How long one invocation leads. */
export const LEAD_MS = 100_000;
/** A holder answers a challenge when it renews its lease next, or its lease runs out. */
const CHALLENGE_MS = LEASE_MS + 5_000;
/** A lane in which nothing happens is led every so many minutes all the same: what it shows of its limits stays up to date. */
const REST_MINUTES = 10;

export interface PrioritizationEvent {
  /** Absent: all lanes there are, as the schedule wants it. */
  lanes?: string[];
}

export type PrioritizationSettings = LeaderSettings & WorkersSettings;

export async function prioritize(
  ports: PrioritizationPorts,
  settings: PrioritizationSettings,
  event: PrioritizationEvent,
): Promise<void> {
  const { clock, registry } = ports;
  const until = clock.now() + LEAD_MS;
  const holder = randomUUID();
  const workers = new Workers(settings, ports);
  ports.emit(heartbeatLine(settings.metricsNamespace, clock.now()));
  const lanes = event.lanes ?? (await registry.list()).map(({ lane }) => lane);
  const leaders = lanes.map(async (lane) => {
    if (event.lanes === undefined) {
      await ports.directory.adoptEarlier(lane);
      if (await rests(ports, lane)) return;
    }
    await lead(lane);
  });
  if (event.lanes === undefined) leaders.push(recoverDue(ports, REJECTIONS_LANE).then(() => undefined));
  throwFirst(await Promise.allSettled(leaders));

  async function lead(lane: string): Promise<void> {
    const giveUpAt = clock.now() + CHALLENGE_MS;
    for (;;) {
      const now = clock.now();
      const led = await ports.leadership.acquire(lane, holder, now, now + LEASE_MS);
      if (led !== undefined) {
        ports.log('lane.taken', { lane, token: led.token });
        if (modelOf(lane) === undefined) ports.log('lane.unknown_model', { lane, ...defaultLimitsOf(lane) });
        await new LaneLeader(ports, settings, workers, led).lead(until);
        return;
      }
      if (now >= giveUpAt) return;
      await clock.sleep(CHALLENGE_EVERY_MS);
    }
  }
}

/**
 * The schedule may leave a lane alone: nobody leads it, and nothing is announced, due or lost. Looking costs much less than leading.
 * What comes afterwards wakes the lane.
 */
async function rests(ports: PrioritizationPorts, lane: string): Promise<boolean> {
  const { clock, watch, directory, due, leases } = ports;
  const now = clock.now();
  if (Math.floor(now / 60_000) % REST_MINUTES === 0) return false;
  const status = await watch.status(lane);
  if (status === undefined || isLed(status, now)) return false;
  const [queues, entries, expired] = await Promise.all([
    directory.list(lane),
    due.due(lane, now, 1),
    leases.expired(lane, now, 1),
  ]);
  return queues.length + entries.length + expired.length === 0;
}
