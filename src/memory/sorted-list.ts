/** Entries of an index, in its order. */
export interface Ranked<T> {
  order: number;
  id: string;
  entry: T;
}

const CHUNK_SIZE = 512;

/**
 * A list that stays sorted by order, then id: chunks of bounded size, so that a million entries take an insertion
 * or a removal in microseconds and the first few are read at once.
 */
export class SortedList<T> {
  readonly #chunks: Ranked<T>[][] = [];

  insert(item: Ranked<T>): void {
    const at = Math.min(this.#chunkOf(item), Math.max(this.#chunks.length - 1, 0));
    const chunk = this.#chunks[at];
    if (!chunk) {
      this.#chunks.push([item]);
      return;
    }
    chunk.splice(
      firstIndex(chunk, (other) => compare(other, item) >= 0),
      0,
      item,
    );
    if (chunk.length > CHUNK_SIZE) this.#chunks.splice(at + 1, 0, chunk.splice(CHUNK_SIZE / 2));
  }

  remove(item: { order: number; id: string }): void {
    const at = this.#chunkOf(item);
    const chunk = this.#chunks[at];
    if (!chunk) return;
    const index = firstIndex(chunk, (other) => compare(other, item) >= 0);
    const found = chunk[index];
    if (!found || compare(found, item) !== 0) return;
    chunk.splice(index, 1);
    if (chunk.length === 0) this.#chunks.splice(at, 1);
  }

  *[Symbol.iterator](): Generator<Ranked<T>> {
    for (const chunk of this.#chunks) yield* chunk;
  }

  /** Entries after an order. */
  *after(order: number): Generator<Ranked<T>> {
    const isAfter = (item: Ranked<T> | undefined) => item !== undefined && item.order > order;
    const chunks = this.#chunks.slice(firstIndex(this.#chunks, (chunk) => isAfter(chunk.at(-1))));
    for (const chunk of chunks) yield* chunk.slice(firstIndex(chunk, isAfter));
  }

  /** The chunk in whose range the item falls: the first one that does not end before it. */
  #chunkOf(item: { order: number; id: string }): number {
    return firstIndex(this.#chunks, (chunk) => {
      const last = chunk.at(-1);
      return last !== undefined && compare(last, item) >= 0;
    });
  }
}

function compare(a: { order: number; id: string }, b: { order: number; id: string }): number {
  if (a.order !== b.order) return a.order - b.order;
  if (a.id === b.id) return 0;
  return a.id < b.id ? -1 : 1;
}

/** Binary search: the first index for which `holds`, given that it holds for all that follow. */
function firstIndex<T>(items: readonly T[], holds: (item: T) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(items[middle] as T)) high = middle;
    else low = middle + 1;
  }
  return low;
}
