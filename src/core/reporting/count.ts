import type { Change } from './change.ts';
import type { ReportRows, RowKey } from './ports.ts';
import { attributesOfKey } from './rows.ts';

/** In one write: its condition names every change, and DynamoDB takes 300 operators and 4 KB of expression. */
const CHANGES_PER_WRITE = 50;

/** One row's changes of a batch, and why they could not be counted, if so. */
export interface Counted<C extends Change> {
  changes: C[];
  error?: unknown;
}

/**
 * Counts changes exactly once, whatever is delivered again, in whatever order and batches, and however often an answer
 * is lost on the way: a row's counters and its list of counted changes are one write, refused when any is in the list.
 */
export async function countChanges<C extends Change>(rows: ReportRows, changes: C[]): Promise<Counted<C>[]> {
  const byRow = groupBy(changes, ({ key }) => Object.values(attributesOfKey(key)).join('|'));
  return Promise.all(
    byRow.map(async (group) => {
      try {
        await countInRow(rows, group);
        return { changes: group };
      } catch (error) {
        return { changes: group, error };
      }
    }),
  );
}

async function countInRow(rows: ReportRows, group: Change[]): Promise<void> {
  const changes = [...new Map(group.map((change) => [change.id, change])).values()];
  for (let from = 0; from < changes.length; from += CHANGES_PER_WRITE) {
    const chunk = changes.slice(from, from + CHANGES_PER_WRITE);
    const key = (chunk[0] as Change).key;
    await countOnce(rows, key, chunk);
  }
}

async function countOnce(rows: ReportRows, key: RowKey, changes: Change[]): Promise<void> {
  let open = changes;
  while (open.length > 0) {
    const added = await rows.add(key, { counters: sumOf(open), changes: open.map(({ id }) => id) });
    if (added) return;
    const counted = await rows.counted(key);
    open = open.filter(({ id }) => !counted.has(id));
  }
}

function sumOf(changes: Change[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const { counters } of changes) {
    for (const [name, count] of Object.entries(counters)) sum[name] = (sum[name] ?? 0) + count;
  }
  return sum;
}

function groupBy<T>(items: T[], keyOf: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return [...groups.values()];
}
