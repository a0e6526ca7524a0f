/** What one row is about: a lane, minute, priority, tenant and shard. */
export interface RowKey {
  lane: string;
  /** E.g. `2026-11-22T19:40Z`. */
  minute: string;
  priority: number;
  tenant: string;
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
}

export interface ReportRows {
  /** Adds the counters and remembers the changes, in one write; false, and nothing added, when one is remembered already. */
  add(key: RowKey, addition: Addition): Promise<boolean>;
  /** The changes that a row remembers. Strongly consistent. */
  counted(key: RowKey): Promise<ReadonlySet<string>>;
  /** All rows of a lane's minute. */
  rows(lane: string, minute: string): Promise<ReportRow[]>;
}
