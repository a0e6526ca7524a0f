import type { LaneWatch, Waker } from './ports.ts';

export interface WakePorts {
  watch: Pick<LaneWatch, 'status' | 'markWoken'>;
  waker: Waker;
}

/** How often whoever wants to lead a lane tries to; each attempt in vain leaves a challenge, on which its leader hands over. */
export const CHALLENGE_EVERY_MS = 500;
/** A lane that was challenged so lately gets a leader without being woken. */
const HANDOVER_MS = 2 * CHALLENGE_EVERY_MS;

/**
 * Called after the announcements: wakes a lane that has no leader, or whose leader sleeps. Either the leader's last look sees
 * the announcement, or this function sees that the leader sleeps. Whoever takes a lane over looks anew.
 */
export async function wakeIfAsleep({ watch, waker }: WakePorts, lane: string, now: number): Promise<void> {
  const status = await watch.status(lane);
  const led = (status?.lease_until ?? 0) >= now;
  if (led && !status?.asleep) return;
  if (Math.abs(now - (status?.challenged_at ?? Number.NEGATIVE_INFINITY)) < HANDOVER_MS) return;
  if (await watch.markWoken(lane, now)) await waker.wake([lane]);
}
