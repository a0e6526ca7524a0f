import type { Clock } from '../../core/clock.ts';
import type { BudgetAccounts } from '../../core/lane/budgets.ts';
import { laneOf } from '../../core/lane/catalog/catalog.ts';
import type { LaneControl, LaneRegistry, LaneWatch, Settings } from '../../core/lane/ports.ts';
import { knownAs, knownProfiles } from '../../core/request/model-id.ts';
import { UsageError } from '../errors.ts';

const LOOK_EVERY_MS = 1_000;
/** Within this time a leader has heard of a pause, one that slept included, and shows what it had released by then. */
const HEARD_AFTER_MS = 3_000;

export interface LaneOperations {
  control: LaneControl;
  registry: LaneRegistry;
  watch: LaneWatch;
  settings: Settings;
  budgets: BudgetAccounts;
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
  const profiles = knownProfiles(await settings.read());
  const lane = lanes.find((known) => known === laneOf(knownAs(word, profiles)));
  if (lane === undefined)
    throw new UsageError(`${JSON.stringify(word)} is neither a lane nor a model of one; ${offer}`);
  return lane;
}

/**
 * Resolves when everything that was released in the paused lane has ended. What a leader that has not heard of the pause yet says is too
 * early: it may release more.
 */
export async function drained(
  lane: string,
  { watch }: LaneOperations,
  clock: Clock,
  line: (text: string) => void,
): Promise<void> {
  await clock.sleep(HEARD_AFTER_MS);
  for (let last: number | undefined; ; await clock.sleep(LOOK_EVERY_MS)) {
    const { figures, asleep } = (await watch.status(lane)) ?? {};
    const { unfinished = 0, paused } = figures ?? {};
    const isStill = paused === 'operator' || asleep === true || figures === undefined;
    if (unfinished !== last) line(`${lane}: ${unfinished} unfinished`);
    if (unfinished === 0 && isStill) return;
    last = unfinished;
  }
}
