import type { LaneRegistry, LaneStatus, LaneWatch, QueueDirectory, Waker } from '../lane/ports.ts';
import { ANNOUNCE_INTERVAL_MS } from '../lane/ports.ts';
import { askedModelOf, type RequestRecord } from '../request/record.ts';
import { Coalescer } from './coalescer.ts';

export interface LaneNotifierPorts {
  directory: QueueDirectory;
  registry: LaneRegistry;
  watch: LaneWatch;
  waker: Waker;
}

/** How old a lane's state may be by which a request is judged and its start estimated. */
const STATUS_AGE_MS = 2_000;

/** Tells the leaders of lanes about work, and wakes those that sleep. One per container, which remembers what it has told. */
export class LaneNotifier {
  readonly #registered = new Coalescer<void>(Number.POSITIVE_INFINITY);
  readonly #announced = new Coalescer<void>(ANNOUNCE_INTERVAL_MS);
  readonly #statuses = new Coalescer<LaneStatus | undefined>(STATUS_AGE_MS);
  readonly #ports: LaneNotifierPorts;

  constructor(ports: LaneNotifierPorts) {
    this.#ports = ports;
  }

  /** The lane's state as it was lately. */
  recentStatus(lane: string, now: number): Promise<LaneStatus | undefined> {
    return this.#statuses.run(lane, now, () => this.#ports.watch.status(lane));
  }

  async register(record: RequestRecord, now: number): Promise<void> {
    const { lane } = record;
    await this.#registered.run(lane, now, () => this.#ports.registry.register(lane, askedModelOf(record)));
  }

  /** After the record's write: the request's queue has work, its lane exists. */
  async announce(record: RequestRecord, now: number): Promise<void> {
    const { directory } = this.#ports;
    await this.register(record, now);
    await this.#announced.run(record.queue, now, () => directory.announce(record.queue, now));
  }

  /**
   * Called after the announcements: wakes a lane that has no leader, or whose leader sleeps. Either the leader's last look sees
   * the announcement, or this function sees that the leader sleeps.
   */
  async wakeIfAsleep(lane: string, now: number): Promise<void> {
    const { watch, waker } = this.#ports;
    const status = await this.#statuses.anew(lane, now, () => watch.status(lane));
    const led = (status?.lease_until ?? 0) >= now;
    if (led && !status?.asleep) return;
    if (await watch.markWoken(lane, now)) await waker.wake([lane]);
  }
}
