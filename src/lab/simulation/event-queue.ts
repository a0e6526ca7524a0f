interface Event {
  at: number;
  /** Events of one instant happen in the order in which they were scheduled. */
  order: number;
  happen: () => void;
}

/** Events by time: a binary heap, stable within an instant. */
export class EventQueue {
  readonly #heap: Event[] = [];
  #scheduled = 0;

  get size(): number {
    return this.#heap.length;
  }

  get nextAt(): number | undefined {
    return this.#heap[0]?.at;
  }

  add(at: number, happen: () => void): void {
    const heap = this.#heap;
    const event: Event = { at, order: this.#scheduled++, happen };
    let index = heap.length;
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = heap[above] as Event;
      if (!isBefore(event, parent)) break;
      heap[index] = parent;
      index = above;
    }
    heap[index] = event;
  }

  take(): (() => void) | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined) return undefined;
    if (heap.length > 0) sink(heap, last);
    return first.happen;
  }
}

function sink(heap: Event[], event: Event): void {
  let index = 0;
  for (;;) {
    let below = 2 * index + 1;
    const left = heap[below];
    if (left === undefined) break;
    let child = left;
    const right = heap[below + 1];
    if (right !== undefined && isBefore(right, left)) {
      child = right;
      below += 1;
    }
    if (!isBefore(child, event)) break;
    heap[index] = child;
    index = below;
  }
  heap[index] = event;
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
