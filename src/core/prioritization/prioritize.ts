/** One invocation of prioritization: leads the lanes it can take until others want them or its time is up. */
import { randomUUID } from 'node:crypto';
import { throwFirst } from '../concurrently.ts';
import { defaultLimitsOf, modelOf } from '../lane/catalog/catalog.ts';
import type { RegisteredLane } from '../lane/ports.ts';
import { isInUse } from '../lane/registration.ts';
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
/** Lanes that are no longer in use are looked at once so many minutes: nothing is expected there. */
const LOOK_AT_UNUSED_MINUTES = 24 * 60;
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
  const leaders = event.lanes?.map(lead) ?? [
    ...(await registry.list()).map(leadRegistered),
    recoverDue(ports, REJECTIONS_LANE),
  ];
  throwFirst(await Promise.allSettled(leaders));

  async function leadRegistered(registered: RegisteredLane): Promise<void> {
    const { lane, model_id } = registered;
    const now = clock.now();
    const unused = !isInUse(registered, now);
    if (unused && !isMinute(now, LOOK_AT_UNUSED_MINUTES)) return;
    await ports.directory.adoptEarlier(lane);
    if (unused) {
      if (!(await hasWork(ports, lane, now))) return;
      await registry.register(lane, model_id, now);
    }
    if (!(await rests(ports, lane))) await lead(lane);
  }

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
  const { clock, watch } = ports;
  const now = clock.now();
  if (isMinute(now, REST_MINUTES)) return false;
  const status = await watch.status(lane);
  if (status === undefined || isLed(status, now)) return false;
  return !(await hasWork(ports, lane, now));
}

/** The first of each so many minutes. */
function isMinute(now: number, minutes: number): boolean {
  return Math.floor(now / 60_000) % minutes === 0;
}

/** Something is announced, due or lost. */
async function hasWork(
  { directory, due, leases }: PrioritizationPorts,
  lane: string,
  now: number,
): Promise<boolean> {
  const [queues, entries, expired] = await Promise.all([
    directory.list(lane),
    due.due(lane, now, 1),
    leases.expired(lane, now, 1),
  ]);
  return queues.length + entries.length + expired.length > 0;
}
