import type { LaneWatch, Waker } from './ports.ts';

export interface WakePorts {
  watch: Pick<LaneWatch, 'status' | 'markWoken'>;
  waker: Waker;
}

/**
 * Called after the announcements: wakes a lane that has no leader, or whose leader sleeps. Either the leader's last look sees
 * the announcement, or this function sees that the leader sleeps.
 */
export async function wakeIfAsleep({ watch, waker }: WakePorts, lane: string, now: number): Promise<void> {
  const status = await watch.status(lane);
  const led = (status?.lease_until ?? 0) >= now;
  if (led && !status?.asleep) return;
  if (await watch.markWoken(lane, now)) await waker.wake([lane]);
}
