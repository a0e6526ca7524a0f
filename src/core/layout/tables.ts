/** Keys and indexes of the tables: the stack creates them so, and the functions find them so. Items: docs/architecture.md. */
import { BACKLOG_ATTRIBUTES, DUE_ATTRIBUTES } from '../request/ports.ts';

/** DynamoDB's types of key attributes: text and number. */
export type KeyType = 'S' | 'N';

export interface Key {
  name: string;
  type: KeyType;
}

export interface Index {
  partition: Key;
  sort: Key;
  /** What it holds of an item besides the keys of table and index. */
  attributes: readonly string[];
}

export interface Table {
  partition: Key;
  sort?: Key;
  indexes: Readonly<Record<string, Index>>;
}

export const TABLES = {
  requests: {
    partition: { name: 'request_id', type: 'S' },
    indexes: {
      backlog: {
        partition: { name: 'backlog_key', type: 'S' },
        sort: { name: 'backlog_order', type: 'N' },
        attributes: BACKLOG_ATTRIBUTES,
      },
      due: {
        partition: { name: 'due_key', type: 'S' },
        sort: { name: 'due_at', type: 'N' },
        attributes: DUE_ATTRIBUTES,
      },
    },
  },
  lanes: {
    partition: { name: 'lane', type: 'S' },
    sort: { name: 'item', type: 'S' },
    indexes: {},
  },
  reporting: {
    partition: { name: 'report_id', type: 'S' },
    sort: { name: 'row', type: 'S' },
    indexes: {},
  },
  batches: {
    partition: { name: 'batch_id', type: 'S' },
    indexes: {},
  },
} as const satisfies Record<string, Table>;

/** The keys of a table and of its indexes. */
export function keysOf({ partition, sort, indexes }: Table): Key[] {
  const own = sort === undefined ? [partition] : [partition, sort];
  return [...own, ...Object.values(indexes).flatMap((index) => [index.partition, index.sort])];
}
