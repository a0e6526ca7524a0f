import type { LaneStatus, LaneWatch, Waker } from './ports.ts';

export interface WakePorts {
  watch: Pick<LaneWatch, 'status' | 'markWoken'>;
  waker: Waker;
}

/** An invocation that wants to lead a lane tries so often. Each vain attempt leaves a challenge, and the lane's leader hands over. */
export const CHALLENGE_EVERY_MS = 500;
/** A lane that was challenged so lately gets a leader without being woken. */
const HANDOVER_MS = 2 * CHALLENGE_EVERY_MS;

/** A leader is awake there; what is announced is seen. */
export function isLed(status: Pick<LaneStatus, 'lease_until' | 'asleep'> | undefined, now: number): boolean {
  return (status?.lease_until ?? 0) > now && !status?.asleep;
}

/** Called after the announcements: wakes a lane that has no leader, or whose leader sleeps. */
export async function wakeIfAsleep({ watch, waker }: WakePorts, lane: string, now: number): Promise<void> {
  if (await isToBeWoken(watch, lane, now)) await waker.wake([lane]);
}

/**
 * As {@link wakeIfAsleep}, for all lanes of a batch: one leader is enough for them.
 * @returns how it went, by lane
 */
export async function wakeThoseAsleep(
  { watch, waker }: WakePorts,
  lanes: readonly string[],
  now: number,
): Promise<Map<string, PromiseSettledResult<unknown>>> {
  const looks = await Promise.allSettled(lanes.map((lane) => isToBeWoken(watch, lane, now)));
  const asleep = lanes.filter((_, index) => {
    const look = looks[index];
    return look?.status === 'fulfilled' && look.value;
  });
  const [waking] = await Promise.allSettled([asleep.length > 0 ? waker.wake(asleep) : undefined]);
  return new Map(
    lanes.map((lane, index) => [
      lane,
      asleep.includes(lane) ? waking : (looks[index] as PromiseSettledResult<unknown>),
    ]),
  );
}

/**
 * True for one of several callers. Either the leader's last look sees the announcement, or this function sees that the leader
 * sleeps. A new leader reads everything after it has taken the lane.
 */
async function isToBeWoken(watch: WakePorts['watch'], lane: string, now: number): Promise<boolean> {
  const status = await watch.status(lane);
  if (isLed(status, now)) return false;
  if (Math.abs(now - (status?.challenged_at ?? Number.NEGATIVE_INFINITY)) < HANDOVER_MS) return false;
  return watch.markWoken(lane, now);
}
