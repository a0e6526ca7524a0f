import type { ReportRows, RowKey } from './ports.ts';
import { attributesOfKey, FULL_ROW } from './rows.ts';

/** Some fifteen megabytes of ids. */
const MOST_REMEMBERED = 1_000;

/** The same rows, asked only once for what a full one has counted: that changes no more. */
export function rememberFullRows(rows: ReportRows): ReportRows {
  const full = new Map<string, ReadonlySet<string>>();
  const idOf = (key: RowKey) => Object.values(attributesOfKey(key)).join('|');

  function known(id: string): ReadonlySet<string> | undefined {
    const counted = full.get(id);
    if (counted !== undefined) remember(id, counted);
    return counted;
  }

  function remember(id: string, counted: ReadonlySet<string>): void {
    full.delete(id);
    full.set(id, counted);
    const [oldest] = full.keys();
    if (full.size > MOST_REMEMBERED && oldest !== undefined) full.delete(oldest);
  }

  return {
    rows: rows.rows.bind(rows),
    add: async (key, addition) => (full.has(idOf(key)) ? false : rows.add(key, addition)),
    counted: async (key) => {
      const id = idOf(key);
      const counted = known(id) ?? (await rows.counted(key));
      if (counted.size >= FULL_ROW) remember(id, counted);
      return counted;
    },
  };
}
