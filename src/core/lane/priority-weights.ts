import { PRIORITIES, type Priority } from '../request/record.ts';
import type { Weights } from './expected-start.ts';
import type { LaneSettings } from './ports.ts';

/** Shares of the priorities while all of them have a backlog: each gets twice the next one's. */
export const PRIORITY_WEIGHTS: Record<Priority, number> = { 1: 16, 2: 8, 3: 4, 4: 2, 5: 1 };

/** The part of what is served that urgent work is entitled to beside what waits. */
export function urgentShareBeside(
  waiting: Iterable<Priority>,
  weightOf: (priority: Priority) => number,
): number {
  const [urgent] = PRIORITIES;
  const all = new Set([urgent, ...waiting]);
  return weightOf(urgent) / [...all].reduce((sum, priority) => sum + weightOf(priority), 0);
}

/** What the variables say, and the priorities' own weights where they say nothing. */
export function weightsIn({
  priority_weights,
  tenant_weights,
}: Pick<LaneSettings, 'priority_weights' | 'tenant_weights'>): Weights {
  return { priorities: { ...PRIORITY_WEIGHTS, ...priority_weights }, tenants: tenant_weights };
}
