import type { LaneControl, LaneRegistry, LaneStatus, QueueDirectory } from '../lane/ports.ts';
import { REGISTER_EVERY_MS } from '../lane/registration.ts';
import { isLed, type WakePorts, wakeThoseAsleep } from '../lane/wake.ts';
import { askedModelOf, type RequestRecord } from '../request/record.ts';
import { Announcements } from './announcements.ts';
import { Coalescer } from './coalescer.ts';

export interface LaneNotifierPorts extends WakePorts {
  directory: QueueDirectory;
  registry: LaneRegistry;
  control: Pick<LaneControl, 'pauseOf'>;
}

/** How old a lane's state may be by which a request is judged and its start estimated. */
const STATUS_AGE_MS = 2_000;

/** Tells the leaders of lanes about work, and wakes those that sleep. One per container, which remembers what it has told. */
export class LaneNotifier {
  readonly #registered = new Coalescer<void>(REGISTER_EVERY_MS);
  readonly #announcements: Announcements;
  readonly #statuses = new Coalescer<LaneStatus | undefined>(STATUS_AGE_MS);
  readonly #pauses = new Coalescer<boolean>(STATUS_AGE_MS);
  readonly #ports: LaneNotifierPorts;

  constructor(ports: LaneNotifierPorts) {
    this.#ports = ports;
    this.#announcements = new Announcements(ports.directory);
  }

  /** The lane's state as it was lately. */
  async recentStatus(lane: string, now: number): Promise<LaneStatus | undefined> {
    const { watch, control } = this.#ports;
    const status = await this.#statuses.run(lane, now, () => watch.status(lane));
    if (status?.figures === undefined || isLed(status, now)) return status;
    // An operator may have paused the lane, or resumed it, since a leader has looked.
    const isPaused = await this.#pauses.run(
      lane,
      now,
      async () => (await control.pauseOf(lane)) !== undefined,
    );
    const { paused } = status.figures;
    const noted = paused === 'operator' ? undefined : paused;
    return { ...status, figures: { ...status.figures, paused: isPaused ? 'operator' : noted } };
  }

  async register(record: RequestRecord, now: number): Promise<void> {
    const { lane } = record;
    const { registry } = this.#ports;
    await this.#registered.run(lane, now, () => registry.register(lane, askedModelOf(record), now));
  }

  /** After the record's write: the request's queue has work, its lane exists. */
  async announce(record: RequestRecord, now: number): Promise<void> {
    await this.register(record, now);
    await this.#announcements.make(record, now);
  }

  /** Called after the announcements; tells how it went, by lane. */
  wakeThoseAsleep(
    lanes: readonly string[],
    now: number,
  ): Promise<Map<string, PromiseSettledResult<unknown>>> {
    const { watch, waker } = this.#ports;
    const remembering: WakePorts['watch'] = {
      status: (lane) => this.#statuses.anew(lane, now, () => watch.status(lane)),
      markWoken: (woken, at) => watch.markWoken(woken, at),
    };
    return wakeThoseAsleep({ watch: remembering, waker }, lanes, now);
  }
}
