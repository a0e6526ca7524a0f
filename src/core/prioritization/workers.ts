/** The invocation workers, as all lanes share them: those that this invocation leads, and those that others lead. */
import type { LaneRegistry, LaneWatch, SettingThatBinds } from '../lane/ports.ts';
import { isInUse } from '../lane/registration.ts';

/** How often lanes are looked at that other invocations lead, and lanes without a leader. */
const LOOK_EVERY_MS = 1_000;
const LOOK_AT_UNLED_EVERY_MS = 5_000;

export interface WorkersPorts {
  registry: Pick<LaneRegistry, 'list'>;
  watch: Pick<LaneWatch, 'status'>;
}

export interface WorkersSettings {
  /** Invocation workers in all. */
  workers: number;
  /** Messages in the Hold Next Batch queue in all. */
  queueDepthThreshold: number;
}

interface LaneWorkers {
  taken: number;
  /** Work waits in the lane. */
  waiting: boolean;
}

export class Workers {
  readonly #own = new Map<string, LaneWorkers>();
  readonly #others = new Map<string, LaneWorkers>();
  /** What lanes had taken when they fell asleep, not long ago. */
  readonly #asleep = new Map<string, number>();
  /** When to look again at a lane that this invocation does not lead. */
  readonly #lookAgainAt = new Map<string, number>();
  #lookedAt = Number.NEGATIVE_INFINITY;
  readonly total: number;
  /** The variable that says how many there are. */
  readonly setting: SettingThatBinds;
  readonly #ports: WorkersPorts;

  /** Each message in the Hold queue takes a worker, so that the smaller of both numbers is what there is. */
  constructor({ workers, queueDepthThreshold }: WorkersSettings, ports: WorkersPorts) {
    this.total = Math.min(workers, queueDepthThreshold);
    this.setting = queueDepthThreshold < workers ? 'queue_depth_threshold' : 'max_concurrent_executions';
    this.#ports = ports;
  }

  /**
   * Workers that `lane` may take in all: its own and the free ones. Of these it leaves to each other lane that has work
   * waiting half of that lane's equal share, so that long calls of one lane never keep out another.
   */
  availableTo(lane: string): number {
    const lanes = this.#all;
    const kept = Math.floor(this.total / Math.max(1, lanes.size) / 2);
    let others = 0;
    for (const [name, { taken, waiting }] of lanes) {
      if (name !== lane) others += waiting ? Math.max(taken, kept) : taken;
    }
    return Math.max(0, this.total - others);
  }

  /** Lanes that have work waiting, `lane` among them whatever it has. */
  rivalsOf(lane: string): number {
    let rivals = 1;
    for (const [name, { waiting }] of this.#all) if (waiting && name !== lane) rivals += 1;
    return rivals;
  }

  /** Workers that run, or begin to, for all lanes. Those of lanes that have just fallen asleep may have ended. */
  get running(): number {
    return [...this.#asleep.values()].reduce((sum, taken) => sum + taken, this.#taken);
  }

  /** Part of them that is taken for certain. */
  get takenPart(): number {
    return this.#taken / this.total;
  }

  /** What `lane` has after a tick; a lane that is left has nothing. */
  note(lane: string, state: LaneWorkers): void {
    this.#own.set(lane, state);
    this.#others.delete(lane);
    this.#asleep.delete(lane);
  }

  leave(lane: string): void {
    this.#own.delete(lane);
  }

  /** Looks, if it is time, at what lanes take that other invocations lead: their leaders write it with each plan. */
  async refresh(now: number): Promise<void> {
    if (now < this.#lookedAt + LOOK_EVERY_MS) return;
    this.#lookedAt = now;
    const { registry, watch } = this.#ports;
    const lanes = (await registry.list()).filter((it) => isInUse(it, now)).map(({ lane }) => lane);
    const due = lanes.filter((it) => !this.#own.has(it) && now >= (this.#lookAgainAt.get(it) ?? now));
    await Promise.all(
      due.map(async (lane) => {
        const { lease_until = 0, asleep, figures } = (await watch.status(lane)) ?? {};
        const { bundles: taken = 0, waiting = false } = figures ?? {};
        const isHeld = lease_until > now;
        const led = isHeld && !asleep;
        this.#others.delete(lane);
        this.#asleep.delete(lane);
        // It may have become our own meanwhile.
        if (isHeld && !this.#own.has(lane)) {
          if (asleep) this.#asleep.set(lane, taken);
          else this.#others.set(lane, { taken, waiting });
        }
        this.#lookAgainAt.set(lane, now + (led ? LOOK_EVERY_MS : LOOK_AT_UNLED_EVERY_MS));
      }),
    );
  }

  get #taken(): number {
    return [...this.#all.values()].reduce((sum, { taken }) => sum + taken, 0);
  }

  get #all(): Map<string, LaneWorkers> {
    return new Map([...this.#others, ...this.#own]);
  }
}
