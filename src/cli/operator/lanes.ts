import type { Clock } from '../../core/clock.ts';
import type { BudgetAccounts } from '../../core/lane/budgets.ts';
import { laneOf } from '../../core/lane/catalog/catalog.ts';
import type { LaneControl, LaneRegistry, LaneWatch, Settings } from '../../core/lane/ports.ts';
import { knownAs, knownProfiles } from '../../core/request/model-id.ts';
import { UsageError } from '../errors.ts';

const LOOK_EVERY_MS = 1_000;

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
