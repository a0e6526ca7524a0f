import type { Limits } from '../lane/catalog/limits.ts';
import type { LaneRegistry, LaneWatch, QueueDirectory, Waker } from '../lane/ports.ts';
import { ANNOUNCE_INTERVAL_MS } from '../lane/ports.ts';
import { askedModelOf, type RequestRecord } from '../request/record.ts';
import { Coalescer } from './coalescer.ts';

export interface LaneNotifierPorts {
  directory: QueueDirectory;
  registry: LaneRegistry;
  watch: LaneWatch;
  waker: Waker;
}

/** How old the limits may be by which a request is judged to fit. */
const LIMITS_AGE_MS = 60_000;

/** Tells the leaders of lanes about work, and wakes those that sleep. One per container, which remembers what it has told. */
export class LaneNotifier {
  readonly #registered = new Coalescer<void>(Number.POSITIVE_INFINITY);
  readonly #announced = new Coalescer<void>(ANNOUNCE_INTERVAL_MS);
  readonly #limits = new Coalescer<Limits>(LIMITS_AGE_MS);
  readonly #ports: LaneNotifierPorts;

  constructor(ports: LaneNotifierPorts) {
    this.#ports = ports;
  }

  /** The lane's limits, without those that are only assumed. */
  certainLimitsOf(lane: string, now: number): Promise<Limits> {
    return this.#limits.run(lane, now, async () => {
      const { limits = {}, figures } = (await this.#ports.watch.status(lane)) ?? {};
      const assumed: readonly string[] = figures?.assumed ?? [];
      return Object.fromEntries(Object.entries(limits).filter(([limit]) => !assumed.includes(limit)));
    });
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
    const status = await watch.status(lane);
    const led = (status?.lease_until ?? 0) >= now;
    if (led && !status?.asleep) return;
    if (await watch.markWoken(lane, now)) await waker.wake([lane]);
  }
}
