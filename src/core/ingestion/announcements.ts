import { ANNOUNCE_INTERVAL_MS, namedAt, type QueueDirectory } from '../lane/ports.ts';
import type { RequestRecord } from '../request/record.ts';
import { Coalescer, MOST_KEYS } from './coalescer.ts';

/** A queue that gets the next request within this time gets many. */
const MANY_WITHIN_MS = 2 * ANNOUNCE_INTERVAL_MS;

/**
 * Announces queues. Each request of a queue that gets few is announced by itself, so that the lane's leader may leave as soon as it has
 * seen the last; where many come, an announcement covers those of the next second, and says so.
 */
export class Announcements {
  /** Of the last request of each queue. Forgetting one only means an announcement more. */
  readonly #lastAt = new Map<string, number>();
  readonly #covering = new Coalescer<void>(ANNOUNCE_INTERVAL_MS);
  readonly #directory: Pick<QueueDirectory, 'announce'>;

  constructor(directory: Pick<QueueDirectory, 'announce'>) {
    this.#directory = directory;
  }

  /** After the record's write. */
  async make(record: RequestRecord, now: number): Promise<void> {
    const { queue } = record;
    const lastAt = this.#lastAt.get(queue) ?? Number.NEGATIVE_INFINITY;
    if (this.#lastAt.size >= MOST_KEYS) this.#lastAt.clear();
    this.#lastAt.set(queue, now);
    // A request that took long to write, or that an earlier delivery wrote, says nothing about requests written since.
    const about = namedAt(record, record.accepted_at, now);
    if (now - lastAt >= MANY_WITHIN_MS) return this.#directory.announce(queue, now, about);
    await this.#covering.run(queue, now, () =>
      this.#directory.announce(queue, now, about, now + ANNOUNCE_INTERVAL_MS),
    );
  }
}
