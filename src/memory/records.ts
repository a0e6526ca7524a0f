import { MAX_KEYS, type RecordLookup } from '../core/batch/ports.ts';
import type { Clock } from '../core/clock.ts';
import { DUE_SHARDS, dueShardKey } from '../core/request/keys.ts';
import {
  BACKLOG_ATTRIBUTES,
  type Backlog,
  type BacklogEntry,
  DUE_ATTRIBUTES,
  type Due,
  type DueEntry,
  type Records,
} from '../core/request/ports.ts';
import { isRequest, type RequestRecord, type StoredRecord } from '../core/request/record.ts';
import { isExpired } from '../core/request/transitions.ts';
import { copyOf, definedOf } from './copies.ts';
import { SparseIndex } from './sparse-index.ts';

export interface RecordsOptions {
  clock: Pick<Clock, 'now'>;
  /** The indexes show a write this many milliseconds later. */
  indexLagMs: number;
}

export interface MemoryRecords {
  records: Records;
  backlog: Backlog;
  due: Due;
  lookup: RecordLookup;
  /** All records as they stand. */
  all(): IterableIterator<StoredRecord>;
  /** Drops a record, as its time to live would. */
  drop(requestId: string): void;
}

/** The Requests table with its two sparse indexes. What is read is frozen, so that no caller can change the table through it. */
export function createRecords({ clock, indexLagMs }: RecordsOptions): MemoryRecords {
  const items = new Map<string, StoredRecord>();
  const backlogIndex = new SparseIndex<BacklogEntry>(
    (record) => (isRequest(record) ? [record.backlog_key, record.backlog_order] : []),
    (record) => backlogEntryOf(record as RequestRecord),
  );
  const dueIndex = new SparseIndex<DueEntry>((record) => [record.due_key, record.due_at], dueEntryOf);
  const unseen: { at: number; record: StoredRecord }[] = [];
  let seen = 0;
  let writes = 0;

  function write(record: StoredRecord): StoredRecord {
    writes++;
    const item = copyOf(record);
    item.nonce = `w${writes}`;
    Object.freeze(item);
    items.set(item.request_id, item);
    if (indexLagMs > 0) unseen.push({ at: clock.now() + indexLagMs, record: item });
    else show(item);
    return item;
  }

  function show(record: StoredRecord): void {
    if (!items.has(record.request_id)) return;
    backlogIndex.update(record);
    dueIndex.update(record);
  }

  function catchUp(): void {
    for (let next = unseen[seen]; next && next.at <= clock.now(); next = unseen[seen]) {
      show(next.record);
      seen++;
    }
    if (seen > 1_000 && seen * 2 > unseen.length) {
      unseen.splice(0, seen);
      seen = 0;
    }
  }

  return {
    records: {
      async create(record) {
        const standing = items.get(record.request_id);
        if (standing && !isExpired(standing, clock.now())) return standing;
        write(record);
        return undefined;
      },
      async read(requestId) {
        return items.get(requestId);
      },
      async move({ request_id, from, set, remove }) {
        const standing = items.get(request_id);
        if (standing?.status !== from.status || standing.generation !== from.generation) {
          return { applied: false, record: standing };
        }
        const removed = Object.fromEntries(remove.map((name) => [name, undefined]));
        const next = { ...standing, ...definedOf(set), ...removed } as RequestRecord;
        return { applied: true, record: write(next) };
      },
    },
    backlog: {
      async heads(backlogKey, limit) {
        catchUp();
        return take(backlogIndex.partition(backlogKey), limit);
      },
      async since(backlogKey, order, limit) {
        catchUp();
        return take(backlogIndex.after(backlogKey, order), limit);
      },
    },
    due: {
      async due(lane, now, limit) {
        catchUp();
        const found: DueEntry[] = [];
        for (let shard = 0; shard < DUE_SHARDS; shard++) {
          found.push(...take(dueIndex.partition(dueShardKey(lane, shard)), limit, now));
        }
        return found.sort((a, b) => a.due_at - b.due_at).slice(0, limit);
      },
    },
    lookup: {
      async find(requestIds) {
        if (requestIds.length > MAX_KEYS) throw new RangeError(`${requestIds.length} keys at once`);
        return requestIds.flatMap((id) => items.get(id) ?? []);
      },
    },
    all: () => items.values(),
    drop(requestId) {
      items.delete(requestId);
      for (const index of [backlogIndex, dueIndex]) index.remove(requestId);
    },
  };
}

function take<T>(entries: Iterable<{ order: number; entry: T }>, limit: number, until = Infinity): T[] {
  const taken: T[] = [];
  for (const { order, entry } of entries) {
    if (taken.length === limit || order > until) break;
    taken.push({ ...entry });
  }
  return taken;
}

/** An index holds its own keys, the table's, and the attributes that it includes. */
function backlogEntryOf(record: RequestRecord): BacklogEntry {
  const { backlog_key = '', backlog_order = 0 } = record;
  return { ...projection(record, ['request_id', ...BACKLOG_ATTRIBUTES]), backlog_key, backlog_order };
}

function dueEntryOf(record: StoredRecord): DueEntry {
  const { due_at = 0 } = record;
  return { ...projection(record, ['request_id', ...DUE_ATTRIBUTES]), due_at };
}

/** Absent attributes stay absent. */
function projection<R extends StoredRecord, Name extends keyof R>(record: R, names: readonly Name[]) {
  const entries = names.flatMap((name) => (name in record ? [[name, record[name]]] : []));
  return Object.fromEntries(entries) as Pick<R, Name>;
}
