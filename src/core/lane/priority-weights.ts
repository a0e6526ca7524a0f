import type { Priority } from '../request/record.ts';

/** Shares of the priorities while all of them have a backlog: each gets twice the next one's. */
export const PRIORITY_WEIGHTS: Record<Priority, number> = { 1: 16, 2: 8, 3: 4, 4: 2, 5: 1 };
