/** What the page shows, and what it may ask for. Shared by the server and the page. */
import type { BudgetView } from '../../core/operations/budgets.ts';
import type { LaneOverview } from '../../core/operations/overview.ts';
import type { Grouping, UsageLine } from '../../core/operations/usage.ts';
import type { Why } from '../../core/operations/why.ts';

export const TABLES_BY = [
  'lane',
  'tenant',
  'priority',
  'model',
  'hour',
] as const satisfies readonly Grouping[];
export type TableBy = (typeof TABLES_BY)[number];

export interface DeadLetters {
  queue: 'input' | 'hold' | 'batches' | 'reporting';
  /** Absent where the credentials do not let us ask. */
  count?: number;
}

export interface PageData {
  /** Epoch milliseconds. */
  at: number;
  region?: string;
  /** A saved report has `live: false`: nothing can be asked or done from it. */
  live: boolean;
  /** Started with --read-only. */
  readOnly: boolean;
  range: { from: number; to: number };
  lanes: LaneOverview[];
  usage: Record<TableBy, UsageLine[]>;
  /** Of today. */
  budgets: BudgetView[];
  deadLetters: DeadLetters[];
}

/** What an operator can do on the page. */
export type Action =
  | { action: 'pause' | 'resume'; lane: string }
  | { action: 'cancel' | 'retry'; request: string }
  | { action: 'redrive'; queue: DeadLetters['queue'] };

/** Of an action or a question that could not be done. */
export interface Refusal {
  error: string;
  /** What the credentials lack. */
  lacks?: string;
}

export interface Done {
  says: string;
}

export type Found = Why | { request_id: string; status: 'UNKNOWN' };
