import type { StoredRecord } from '../core/request/record.ts';
import { SortedList } from './sorted-list.ts';

/** A sparse index over records: partitions in order; a record without the index's keys is not in it. */
export class SparseIndex<T> {
  readonly #partitions = new Map<string, SortedList<T>>();
  readonly #places = new Map<string, { key: string; order: number }>();

  constructor(
    readonly keysOf: (record: StoredRecord) => readonly [key?: string, order?: number],
    readonly project: (record: StoredRecord) => T,
  ) {}

  update(record: StoredRecord): void {
    const id = record.request_id;
    this.remove(id);
    const [key, order] = this.keysOf(record);
    if (key === undefined || order === undefined) return;
    let partition = this.#partitions.get(key);
    if (!partition) {
      partition = new SortedList();
      this.#partitions.set(key, partition);
    }
    partition.insert({ order, id, entry: this.project(record) });
    this.#places.set(id, { key, order });
  }

  remove(id: string): void {
    const place = this.#places.get(id);
    if (place) this.#partitions.get(place.key)?.remove({ order: place.order, id });
    this.#places.delete(id);
  }

  partition(key: string): Iterable<{ order: number; entry: T }> {
    return this.#partitions.get(key) ?? [];
  }

  /** What comes after an order in a partition. */
  after(key: string, order: number): Iterable<{ order: number; entry: T }> {
    return this.#partitions.get(key)?.after(order) ?? [];
  }
}
