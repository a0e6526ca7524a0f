/** What an enumeration is made of. */
import type { Sabotage } from './functions.ts';

export interface CrashCase {
  /** The lasting name of the case: `function/scenario/…`. */
  id: string;
  function: string;
  scenario: string;
  /** Runs it and names every invariant that it broke. */
  run(): Promise<string[]>;
}

/** How much is enumerated: everything, or the part for which every test run has time. */
export type Extent = 'all' | 'slice';

export interface EnumerationOptions {
  extent: Extent;
  /** For control tests: a mechanism is taken out, and the search ends at the first broken case. */
  sabotage?: Sabotage;
  untilBroken?: boolean;
}
