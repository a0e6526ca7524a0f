/** What was used in a range of time, from the Reporting table: never from the records themselves. */
import { parseModelId } from '../lane/catalog/catalog.ts';
import type { LaneRegistry } from '../lane/ports.ts';
import type { ReportRow, ReportRows, RowKey } from '../reporting/ports.ts';
import { type Percentiles, type ReportSummary, readRows, summarise } from '../reporting/read.ts';
import { REJECTIONS_LANE } from '../request/keys.ts';
import type { Interval } from './ports.ts';

export interface UsagePorts {
  registry: Pick<LaneRegistry, 'list'>;
  rows: Pick<ReportRows, 'rows'>;
}

export const GROUPINGS = {
  lane: ({ lane }) => lane,
  tenant: ({ tenant }) => tenant,
  priority: ({ priority }) => String(priority),
  model: ({ lane }) => (lane === REJECTIONS_LANE ? lane : parseModelId(lane).name),
  hour: ({ minute }) => `${minute.slice(0, 13)}:00Z`,
  minute: ({ minute }) => minute,
} as const satisfies Record<string, (key: RowKey) => string>;

export type Grouping = keyof typeof GROUPINGS;

/** Requests by outcome, and what their calls needed. The names are those of the table's columns. */
export const COUNTERS = [
  'accepted',
  'completed',
  'failed',
  'expired',
  'cancelled',
  'rejected',
  'calls',
  'throttles',
  'charged_tokens',
  'input_tokens',
  'output_tokens',
  'large_inputs',
  'unpriced',
  'promises',
  'promises_kept',
] as const;

export interface UsageLine extends Record<(typeof COUNTERS)[number], number> {
  name: string;
  cost_usd: number;
  won_back_tokens: number;
  wait_ms: Percentiles;
  latency_ms: Percentiles;
}

/** One query for each lane and each minute that begins before `to`, which is excluded. */
export async function readUsage(
  { registry, rows }: UsagePorts,
  { from, to }: Interval,
): Promise<ReportRow[]> {
  const lanes = [...(await registry.list()).map(({ lane }) => lane), REJECTIONS_LANE];
  const found: ReportRow[][] = [];
  // One lane after the other: each is read by many queries at once.
  for (const lane of lanes) found.push(await readRows(rows, lane, from, to));
  return found.flat();
}

/** Sorted by name. */
export function usageBy(rows: readonly ReportRow[], grouping: Grouping): UsageLine[] {
  return [...summarise(rows, GROUPINGS[grouping])]
    .map(([name, summary]) => lineOf(name, summary))
    .sort((a, b) => a.name.localeCompare(b.name, 'en'));
}

/** Everything in one line. */
export function usageOf(rows: readonly ReportRow[]): UsageLine {
  const summary = summarise(rows, () => 'total').get('total');
  return lineOf(
    'total',
    summary ?? { counters: {}, cost_usd: 0, won_back_tokens: 0, wait_ms: {}, latency_ms: {} },
  );
}

function lineOf(name: string, { counters, ...figures }: ReportSummary): UsageLine {
  const counts = Object.fromEntries(COUNTERS.map((counter) => [counter, counters[counter] ?? 0]));
  return { name, ...(counts as Record<(typeof COUNTERS)[number], number>), ...figures };
}
