/** What an enumeration consists of. */
import type { Sabotage } from './functions.ts';

export interface CrashCase {
  /** Names the case for good: `function/scenario/…`. */
  id: string;
  function: string;
  scenario: string;
  /** Runs it and names every invariant that it broke. */
  run(): Promise<string[]>;
}

/** How much is enumerated: all, or the part that every test run can afford. */
export type Extent = 'all' | 'slice';

export interface EnumerationOptions {
  extent: Extent;
  /** For controls: it is enough to know that something breaks. */
  sabotage?: Sabotage;
  untilBroken?: boolean;
}
