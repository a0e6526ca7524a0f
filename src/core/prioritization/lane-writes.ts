/** What a leader writes about its lane, each part as seldom as it may be. */
import type { LaneFigures, Leadership, Led, ShownLane } from '../lane/ports.ts';

/** A leader that stops without a word is replaced after this long. */
export const LEASE_MS = 10_000;
/** A lease is renewed this often, and sooner where other leaders must know of other figures. */
const RENEW_EVERY_MS = 3_000;
const SHOW_EVERY_MS = 1_000;
/** A plan without new releases only says what has ended: a successor that misses the last of it is a little too careful. */
const PLAN_EVERY_MS = 1_000;
/** What has been learned changes slowly, and a successor can do without the last of it. */
const ESTIMATES_EVERY_MS = 30_000;
/** One that has heard of so few answers and falls asleep says what it has learned only as often as this. */
const FEW = { answers: 10, everyMs: 60_000 };

/** The parts of a lane that a leader leaves to its successor, each as it is now. */
export interface Legacy {
  plan(): string;
  estimates(): string;
  /** Answers from which the leader has learned. */
  learned(): number;
}

export class LaneWrites {
  readonly #leadership: Leadership;
  readonly #led: Led;
  readonly #legacy: Legacy;
  #plan: string | undefined;
  #planAt = Number.NEGATIVE_INFINITY;
  #estimates: string | undefined;
  #estimatesAt: number;
  /** What others see of the lane, and what there is to show. */
  #shown: LaneFigures | undefined;
  #toShow: ShownLane = {};
  #renewedAt: number;

  constructor(leadership: Leadership, led: Led, legacy: Legacy, now: number) {
    this.#leadership = leadership;
    this.#led = led;
    this.#legacy = legacy;
    this.#estimates = led.estimates;
    this.#estimatesAt = now;
    this.#shown = led.figures;
    // Taking the lane has leased it; a new one has to show its limits.
    this.#renewedAt = led.figures === undefined ? Number.NEGATIVE_INFINITY : now;
  }

  /** Before a tick's releases: they count once the plan is written. `lost`: it was not, and nothing may be released. */
  async tick(now: number, releases: boolean, shown: ShownLane): Promise<'held' | 'challenged' | 'lost'> {
    this.#toShow = shown;
    const isFirst = this.#plan === undefined;
    const planning = this.#writePlan(now, releases);
    // A renewal drops the plan of an earlier release, so a plan of our own has to be there before.
    if (isFirst && !(await planning)) return 'lost';
    const [planned, lease] = await Promise.all([
      planning,
      this.#renew(now, shown),
      now >= this.#estimatesAt + ESTIMATES_EVERY_MS ? this.#writeEstimates(now) : undefined,
    ]);
    return planned ? lease : 'lost';
  }

  /** How the lane did in the last tick. */
  get figures(): LaneFigures | undefined {
    return this.#toShow.figures;
  }

  /** Shows how the lane does as it goes to sleep, by what has changed since the last tick began. False when lost. */
  async sleep(changed: Partial<LaneFigures>): Promise<boolean> {
    const { limits, figures } = this.#toShow;
    if (figures) this.#toShow = { limits, figures: { ...figures, ...changed } };
    // The next renewal wakes the lane.
    this.#renewedAt = Number.NEGATIVE_INFINITY;
    this.#shown = this.#toShow.figures;
    return this.#leadership.sleep(this.#led, this.#toShow);
  }

  /** Leaves everything to a successor, who may take a lane that sleeps as it is. */
  async leave(now: number, sleeps: boolean): Promise<void> {
    const { estimated_at = Number.NEGATIVE_INFINITY } = this.#led;
    const isLittle = this.#legacy.learned() < FEW.answers && now < estimated_at + FEW.everyMs;
    await Promise.all([
      this.#writePlan(Number.POSITIVE_INFINITY),
      sleeps && isLittle ? undefined : this.#writeEstimates(now),
    ]);
    if (!sleeps) await this.#leadership.release(this.#led);
  }

  async #writePlan(now: number, releases = false): Promise<boolean> {
    if (!releases && now < this.#planAt + PLAN_EVERY_MS) return true;
    const plan = this.#legacy.plan();
    if (!releases && plan === this.#plan) return true;
    const written = await this.#leadership.writePlan(this.#led, plan);
    this.#plan = plan;
    this.#planAt = now;
    return written;
  }

  async #writeEstimates(now: number): Promise<void> {
    this.#estimatesAt = now;
    const estimates = this.#legacy.estimates();
    if (estimates === this.#estimates) return;
    await this.#leadership.writeEstimates(this.#led, estimates, now);
    this.#estimates = estimates;
  }

  async #renew(now: number, shown: ShownLane): Promise<'held' | 'challenged' | 'lost'> {
    const changed = (['bundles', 'waiting', 'paused', 'kept', 'used_up'] as const).some(
      (name) => String(shown.figures?.[name]) !== String(this.#shown?.[name]),
    );
    if (now < this.#renewedAt + (changed ? SHOW_EVERY_MS : RENEW_EVERY_MS)) return 'held';
    const renewed = await this.#leadership.renew(this.#led, shown, now + LEASE_MS);
    this.#renewedAt = now;
    this.#shown = shown.figures;
    return renewed === 'renewed' ? 'held' : renewed;
  }
}
