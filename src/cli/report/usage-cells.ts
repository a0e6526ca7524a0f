import type { UsageLine } from '../../core/operations/usage.ts';
import { dollars, duration, percent, short } from './numbers.ts';

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
    ...[line.wait_ms.p50, line.wait_ms.p95].map((ms) => (ms === undefined ? '–' : duration(ms))),
  ];
}
