/** How long a registered lane counts. Model ids come from producers: a mistake in a template can make a thousand lanes. */
import { DAY_MS } from '../request/times.ts';
import type { RegisteredLane } from './ports.ts';

/** Who accepts requests registers their lane again after this time. */
export const REGISTER_EVERY_MS = DAY_MS;
/** Twice as long as a request can wait (29 days), so that nothing waits in a lane that no longer counts as in use. */
export const IN_USE_MS = 60 * DAY_MS;

/** What an earlier release registered has no date. It is in use until it is registered again. */
export function isInUse({ registered_at }: RegisteredLane, now: number): boolean {
  return registered_at === undefined || now < registered_at + IN_USE_MS;
}
