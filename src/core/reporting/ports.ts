/** What one row is about: a lane, minute, priority and tenant; and which of their rows it is (see rows.ts). */
export interface RowKey {
  lane: string;
  /** E.g. `2026-11-22T19:40Z`. */
  minute: string;
  priority: number;
  tenant: string;
  /** Digits that lead to the row, its own included; empty of the first rows. */
  part: string;
  /** The last of the digits. */
  shard: number;
}

export interface Addition {
  counters: Record<string, number>;
  /** Ids of the changes that the counters sum up. */
  changes: readonly string[];
}

export interface ReportRow {
  key: RowKey;
  counters: Record<string, number>;
  /** It takes no more changes: others are counted in the rows below it. */
  isFull?: true;
}

export interface ReportRows {
  /**
   * Adds the counters and remembers the changes, in one write; false, and nothing added, when one of them is remembered
   * already or the row is full.
   */
  add(key: RowKey, addition: Addition): Promise<boolean>;
  /** The changes that a row remembers. Strongly consistent. */
  counted(key: RowKey): Promise<ReadonlySet<string>>;
  /** The first rows of a lane's minute, or those of a part of it. */
  rows(lane: string, minute: string, part?: string): Promise<ReportRow[]>;
}
