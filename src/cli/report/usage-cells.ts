import type { UsageLine } from '../../core/operations/usage.ts';
import { dollars, duration, percent, short } from './numbers.ts';

export const KEPT_HEAD = 'promise kept';
const TOKENS_HEAD = 'quota tokens';

/** What heads of columns mean that do not say it themselves. */
export const MEANINGS: Readonly<Record<string, string>> = {
  [KEPT_HEAD]:
    'Of the requests that were promised a start when they were accepted, those that started by then',
  [TOKENS_HEAD]:
    'What the quota was charged: input, cache writes, and output times the burndown rate of the model',
};

/** Promises of a start that were kept, of those that were made. */
export function keptCell({ promises, promises_kept }: Pick<UsageLine, 'promises' | 'promises_kept'>): string {
  return promises === 0 ? '–' : percent(promises_kept / promises);
}

/** Heads of the columns after the name. */
export const USAGE_HEADS = [
  'accepted',
  'completed',
  'failed',
  'other',
  'throttled',
  TOKENS_HEAD,
  'cost',
  KEPT_HEAD,
  'wait p50',
  'p95',
] as const;

/** A row of the table of what was used, for the terminal and the console's page alike. */
export function usageCells(line: UsageLine): string[] {
  return [
    line.name,
    short(line.accepted),
    short(line.completed),
    short(line.failed),
    short(line.expired + line.cancelled + line.rejected),
    line.calls === 0 ? '–' : percent(line.throttles / line.calls),
    short(line.charged_tokens),
    dollars(line.cost_usd),
    keptCell(line),
    ...[line.wait_ms.p50, line.wait_ms.p95].map((ms) => (ms === undefined ? '–' : duration(ms))),
  ];
}
