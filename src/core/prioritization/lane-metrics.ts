/** What a leader tells CloudWatch about its lane. */
import type { LaneEngine } from '../lane/engine/engine.ts';
import { boundOf } from '../operations/bound.ts';
import type { BacklogEntry } from '../request/ports.ts';
import { PRIORITIES } from '../request/record.ts';
import { laneLine } from './metrics.ts';

/** Its work may wait for days, as batches do: no alarm looks at it. */
const LAST_PRIORITY = PRIORITIES.at(-1);

export interface Measured {
  lane: string;
  engine: Pick<LaneEngine, 'figures' | 'told'>;
  /** Since the last time. */
  released: number;
  waitingTokens: number;
  limitsAssumed: number;
  /** When the oldest request that counts, and is not kept back, was accepted, epoch milliseconds. */
  oldestWhere(counts: (entry: BacklogEntry) => boolean): number | undefined;
}

export function metricsOf(
  namespace: string,
  now: number,
  { lane, engine, released, waitingTokens, limitsAssumed, oldestWhere }: Measured,
): object {
  const waitOf = (since: number | undefined) => (since === undefined ? 0 : Math.max(0, now - since) / 1_000);
  const oldest = oldestWhere(() => true);
  const { figures } = engine;
  const { utilisation, paused } = figures;
  const bound = paused === 'operator' ? paused : boundOf(undefined, { figures })?.by;
  const told = engine.told.take();
  return laneLine(namespace, now, lane, {
    overall: {
      OldestPriority1To4Seconds: waitOf(oldestWhere(({ priority }) => priority !== LAST_PRIORITY)),
      Released: released,
      Throttled: told.throttled,
      PromisesKept: told.promisesKept,
      PromisesBroken: told.promisesBroken,
      LanesPaused: paused === undefined || paused === 'operator' ? 0 : 1,
    },
    ofLane: {
      OldestWaitingSeconds: waitOf(oldest),
      WaitingTokens: waitingTokens,
      QuotaUtilisation: utilisation * 100,
      TokensWonBack: told.wonBack,
      LimitsAssumed: limitsAssumed,
    },
    bound: oldest === undefined ? undefined : bound,
  });
}
