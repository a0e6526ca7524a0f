/** What an operator wants to know of every lane at once. */
import type { Clock } from '../clock.ts';
import { requestsIn, tokensIn } from '../lane/backlog-figures.ts';
import type { Limits } from '../lane/catalog/limits.ts';
import type { LaneControl, LaneRegistry, LaneWatch } from '../lane/ports.ts';
import { isInUse } from '../lane/registration.ts';
import { isLed } from '../lane/wake.ts';
import { type Bound, boundOf, type Explanation, explain, type Health, healthOf } from './bound.ts';

export interface LaneViewPorts {
  registry: Pick<LaneRegistry, 'list'>;
  control: Pick<LaneControl, 'pauseOf'>;
  watch: Pick<LaneWatch, 'status'>;
}

/** The schedule starts prioritization every minute: it then leads a lane, or asks its leader to hand over. */
const UNLED_MS = 90_000;

/** What its leader has not told yet is absent. */
export interface LaneView extends Explanation {
  lane: string;
  /** An example of what is called there. */
  model_id: string;
  /** `paused` by an operator, `stopped` by the smoother, `working`, or `asleep` since nothing is to be done. */
  state: 'paused' | 'stopped' | 'working' | 'asleep';
  health: Health;
  /** For some time nobody has led it, nor asked to. */
  unled: boolean;
  /** What keeps work waiting. */
  bound?: Bound;
  limits: Limits;
  /** Limits that neither a variable nor Service Quotas has confirmed. */
  assumed: readonly (keyof Limits)[];
  /** What is used of the limit that binds, 1 is all of it. */
  utilisation?: number;
  /** What is ours of the limits, 1 is all; the rest is used by somebody else, as far as throttles tell. */
  share?: number;
  /** Milliseconds by which what the minute gives falls behind an even flow. */
  behind_ms?: number;
  /** All but one in twenty requests that nothing keeps waiting start within this time. */
  start_ms?: number;
  waiting?: boolean;
  /** How much waits, as the leader counts it: tokens are what the calls are expected to be charged. */
  waits?: { requests: number; tokens: number };
  /** Released and not ended. */
  unfinished?: number;
  /** Tenants whose requests wait for their budgets, and not for the lane. */
  kept?: readonly string[];
  /** Tenants whose calls fail while others are answered. */
  resting?: readonly string[];
}

/** Lanes that are in use. */
export async function viewLanes(ports: LaneViewPorts, clock: Pick<Clock, 'now'>): Promise<LaneView[]> {
  const lanes = (await ports.registry.list()).filter((it) => isInUse(it, clock.now()));
  const views = await Promise.all(lanes.map(({ lane, model_id }) => viewLane(ports, clock, lane, model_id)));
  return views.sort((a, b) => a.lane.localeCompare(b.lane));
}

export async function viewLane(
  { control, watch }: Pick<LaneViewPorts, 'control' | 'watch'>,
  clock: Pick<Clock, 'now'>,
  lane: string,
  model_id: string,
): Promise<LaneView> {
  const [pause, status = {}] = await Promise.all([control.pauseOf(lane), watch.status(lane)]);
  const { asleep, limits = {}, figures, lease_until = 0, challenged_at = 0 } = status;
  const led = isLed(status, clock.now());
  const { waiting, unfinished, share, utilisation, backlog, kept, resting, assumed = [] } = figures ?? {};
  const bound = boundOf(pause, { limits, figures: led || figures?.waiting ? figures : idle(figures) });
  const health = healthOf(bound);
  // What only budgets keep back does not count as waiting for the lane.
  const waits = waiting ? 'work' : kept?.length ? 'budgets' : 'nothing';
  // Between two leaders a lane in which work waits is not asleep: the schedule brings the next one within a minute.
  const isLeft = figures?.waiting === true && !asleep;
  const works = led || isLeft;
  const state = pause !== undefined ? 'paused' : health === 'bad' ? 'stopped' : works ? 'working' : 'asleep';
  // A leader that leaves gives its lease back: when it looked last, its figures tell.
  const ledUntil = Math.max(lease_until, challenged_at, backlog?.at ?? 0);
  const unled = !led && ledUntil + UNLED_MS < clock.now();
  const view: LaneView = {
    ...{ lane, model_id, state, health, unled, bound, limits, assumed },
    // What a leader saw last is over when nothing is led.
    utilisation: led ? utilisation : undefined,
    ...{ share, waiting, unfinished, kept, resting },
    ...(backlog !== undefined && { waits: { requests: requestsIn(backlog), tokens: tokensIn(backlog) } }),
    ...(led && { behind_ms: figures?.behind_ms, start_ms: figures?.start_ms }),
    ...explain({ lane, bound, limits }, waits),
  };
  return isLeft ? whereWorkWaits(view, ledUntil, clock) : view;
}

/**
 * The lane, for those who know since when work waits there that no budget keeps back: what its leader saw last says nothing any more
 * when it has none.
 */
export function whereWorkWaits<View extends LaneView>(
  view: View,
  since: number | undefined,
  clock: Pick<Clock, 'now'>,
): View {
  if (!view.unled || view.state === 'paused' || since === undefined || since + UNLED_MS >= clock.now())
    return view;
  const bound = { by: 'no_leader' } as const;
  return {
    ...view,
    bound,
    state: 'stopped',
    health: healthOf(bound),
    ...explain({ ...view, bound }, 'work'),
  };
}

/** Of a lane that nobody leads because nothing waits: what stopped it may still stop it, what bound it does not. */
function idle<Figures extends { binds?: unknown }>(figures: Figures | undefined): Figures | undefined {
  return figures && { ...figures, binds: undefined };
}

/** What the lane can use of its limits now: 1 is all, and 0 means that nothing starts before that changes. */
export function speedOf({ bound, health, share = 1, utilisation }: LaneView): number {
  if (bound === undefined) return share;
  if (bound.by === 'operator' || bound.by === 'failing' || health === 'bad') return 0;
  return 'factor' in bound && utilisation ? Math.min(share, utilisation) : share;
}
