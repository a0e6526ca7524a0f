/** What bound each lane during a run, looked at every second. */
import { type Bound, boundOf } from '../../core/operations/bound.ts';
import type { LaneViewPorts } from '../../core/operations/lanes.ts';

const LOOK_EVERY_MS = 1_000;

export interface BoundTime {
  by: Bound['by'];
  seconds: number;
}

/** By lane, the longest first. */
export type BoundTimes = Record<string, BoundTime[]>;

export function watchBounds({ registry, control, watch }: LaneViewPorts): { end(): BoundTimes } {
  const found = new Map<string, Map<Bound['by'], number>>();
  let lookedAt = Date.now();
  const look = async () => {
    const seconds = (Date.now() - lookedAt) / 1_000;
    lookedAt = Date.now();
    for (const { lane } of await registry.list()) {
      const [pause, status] = await Promise.all([control.pauseOf(lane), watch.status(lane)]);
      const bound = status?.figures?.waiting ? boundOf(pause, status) : undefined;
      if (bound === undefined) continue;
      const times = found.get(lane) ?? new Map();
      found.set(lane, times.set(bound.by, (times.get(bound.by) ?? 0) + seconds));
    }
  };
  // A look that fails says nothing: the run itself says what is wrong.
  const timer = setInterval(() => void look().catch(() => undefined), LOOK_EVERY_MS);
  return {
    end() {
      clearInterval(timer);
      return Object.fromEntries(
        [...found].map(([lane, times]) => [
          lane,
          [...times].map(([by, seconds]) => ({ by, seconds })).sort((a, b) => b.seconds - a.seconds),
        ]),
      );
    },
  };
}
