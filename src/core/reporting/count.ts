import { sumOf } from '../lane/counters.ts';
import type { Change } from './change.ts';
import type { ReportRows, RowKey } from './ports.ts';
import { FULL_ROW, rowAt } from './rows.ts';

/** In one write: its condition names every change, and DynamoDB takes 300 operators and 4 KB of expression. */
const CHANGES_PER_WRITE = 50;
/** Where so many come at once the row may well be full, and to read it is much cheaper than a write that is refused. */
const READ_FIRST = 8;

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
  const byRow = groupBy(changes, ({ key: { lane, minute, priority, tenant }, digits }) =>
    [lane, minute, priority, tenant, digits[0]].join('|'),
  );
  return Promise.all(
    byRow.map(async (group) => {
      try {
        await countInRow(rows, group, 0);
        return { changes: group };
      } catch (error) {
        return { changes: group, error };
      }
    }),
  );
}

/** Counts changes of one row, and in the rows below it what that has no room for. */
async function countInRow(rows: ReportRows, group: Change[], depth: number): Promise<void> {
  const changes = [...new Map(group.map((change) => [change.id, change])).values()];
  const [{ key, digits }] = changes as [Change];
  const row = rowAt(key, digits, depth);
  const overflow: Change[] = [];
  for (let from = 0; from < changes.length; from += CHANGES_PER_WRITE) {
    const chunk = changes.slice(from, from + CHANGES_PER_WRITE);
    overflow.push(...(await countOnce(rows, row, chunk)));
  }
  const below = groupBy(overflow, ({ digits }) => digits[depth + 1] ?? '');
  await Promise.all(below.map((part) => countInRow(rows, part, depth + 1)));
}

/** What the row has no room for. */
async function countOnce(rows: ReportRows, key: RowKey, changes: Change[]): Promise<Change[]> {
  let open = changes;
  for (let readFirst = changes.length >= READ_FIRST; open.length > 0; readFirst = true) {
    if (readFirst) {
      const counted = await rows.counted(key);
      open = open.filter(({ id }) => !counted.has(id));
      if (open.length === 0 || counted.size >= FULL_ROW) return open;
    }
    const counters = sumOf(...open.map((change) => change.counters));
    const added = await rows.add(key, { counters, changes: open.map(({ id }) => id) });
    if (added) return [];
  }
  return [];
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
