import type { Clock } from '../../core/clock.ts';
import { laneOf } from '../../core/lane/catalog/catalog.ts';
import type {
  LaneControl,
  LaneFigures,
  LaneRegistry,
  LaneWatch,
  Paused,
  Settings,
} from '../../core/lane/ports.ts';
import { knownAs } from '../../core/request/model-id.ts';
import { UsageError } from '../errors.ts';

const LOOK_EVERY_MS = 1_000;

export interface LaneOperations {
  control: LaneControl;
  registry: LaneRegistry;
  watch: LaneWatch;
  settings: Settings;
}

/** A lane as an operator sees it. What its leader has not written yet is absent. */
export interface LaneView {
  lane: string;
  /** `paused` by an operator, `stopped` by the smoother, `working`, or `asleep` because there is nothing to do. */
  state: 'paused' | 'stopped' | 'working' | 'asleep';
  /** Why the smoother has stopped the lane. */
  reason?: Exclude<Paused, 'operator'>;
  requests_per_minute?: number;
  tokens_per_minute?: number;
  /** Our share of the limits, 1 is all. As far as throttles tell, somebody else uses the rest. */
  share?: number;
  /** Limits that neither a variable nor Service Quotas has confirmed. */
  assumed?: LaneFigures['assumed'];
  /** Use of the limit that binds, 1 is all of it. */
  utilisation?: number;
  waiting?: boolean;
  /** Released and not ended. */
  unfinished?: number;
}

export async function viewLanes(
  { registry, control, watch }: LaneOperations,
  clock: Clock,
): Promise<LaneView[]> {
  const lanes = await registry.list();
  return Promise.all(
    lanes.map(async ({ lane }): Promise<LaneView> => {
      const [paused, { lease_until = 0, limits, figures } = {}] = await Promise.all([
        control.isPaused(lane),
        watch.status(lane),
      ]);
      const { paused: why, ...seen } = figures ?? {};
      // The last leader may have written that an operator had paused the lane, which is no longer so.
      const reason = why === 'operator' ? undefined : why;
      const led = lease_until > clock.now() ? 'working' : 'asleep';
      const state = paused ? 'paused' : reason === undefined ? led : 'stopped';
      return { lane, state, reason, ...limits, ...seen };
    }),
  );
}

/**
 * Finds the lane by its name or by the id of any model in it.
 * @throws UsageError that names the lanes
 */
export async function chooseLane(
  word: string | undefined,
  { registry, settings }: LaneOperations,
): Promise<string> {
  const lanes = (await registry.list()).map(({ lane }) => lane);
  if (lanes.length === 0)
    throw new UsageError('there are no lanes yet: a lane begins with its first request');
  const offer = `the lanes are ${lanes.join(', ')}`;
  if (word === undefined) throw new UsageError(`a lane or model id is needed; ${offer}`);
  const { application_inference_profiles: profiles } = await settings.read();
  const lane = lanes.find((known) => known === laneOf(knownAs(word, profiles)));
  if (lane === undefined)
    throw new UsageError(`${JSON.stringify(word)} is neither a lane nor a model of one; ${offer}`);
  return lane;
}

/** Resolves when everything that was released in the lane has ended. */
export async function drained(
  lane: string,
  { watch }: LaneOperations,
  clock: Clock,
  line: (text: string) => void,
): Promise<void> {
  for (let last: number | undefined; ; await clock.sleep(LOOK_EVERY_MS)) {
    const { unfinished = 0 } = (await watch.status(lane))?.figures ?? {};
    if (unfinished !== last) line(`${lane}: ${unfinished} unfinished`);
    if (unfinished === 0) return;
    last = unfinished;
  }
}
