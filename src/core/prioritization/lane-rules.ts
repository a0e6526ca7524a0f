/** A lane's current limits and weights: from the variables, then from Service Quotas, then from the catalog. */
import type { TenantBudget } from '../lane/budgets.ts';
import { defaultLimitsOf, overrideOf, whyAssumed } from '../lane/catalog/catalog.ts';
import type { Limits } from '../lane/catalog/limits.ts';
import type { LaneSettings } from '../lane/ports.ts';
import { weightsIn } from '../lane/priority-weights.ts';
import { knownProfiles } from '../request/model-id.ts';
import type { Priority } from '../request/record.ts';
import type { PrioritizationPorts } from './ports.ts';

const SETTINGS_EVERY_MS = 10_000;
const CONTROL_EVERY_MS = 1_000;
/** Answers come from the lanes table for an hour; see src/aws/service-quotas/quotas.ts. */
const QUOTAS_EVERY_MS = 60_000;
/** A lane that has no answer of Service Quotas yet waits this long for the first one, in all: less than a lease. */
const FIRST_QUOTAS_MS = 6_000;
const LIMITS = ['requests_per_minute', 'tokens_per_minute'] as const satisfies (keyof Limits)[];

export class LaneRules {
  #settings: LaneSettings = { quota_overrides: {}, tenant_weights: {} };
  #override: Limits | undefined;
  #settingsAt = Number.NEGATIVE_INFINITY;
  #paused = false;
  #controlAt = Number.NEGATIVE_INFINITY;
  #quotas: Limits | undefined;
  #quotasAt = Number.NEGATIVE_INFINITY;
  /** Under way: Service Quotas' lists can take longer than a lease. */
  #asking: Promise<void> | undefined;
  #waitsUntil: number;
  #told = false;
  readonly #ports: Pick<PrioritizationPorts, 'settings' | 'control' | 'quotas' | 'clock' | 'log'>;
  readonly #lane: string;
  readonly #byDefault: Limits;

  constructor(
    ports: Pick<PrioritizationPorts, 'settings' | 'control' | 'quotas' | 'clock' | 'log'>,
    lane: string,
  ) {
    this.#ports = ports;
    this.#lane = lane;
    this.#byDefault = defaultLimitsOf(lane);
    this.#waitsUntil = ports.clock.now() + FIRST_QUOTAS_MS;
  }

  get limits(): Limits {
    const { requests_per_minute: _, ...ofTokens } = this.#byDefault;
    // Some models have no quota of requests, and AWS does away with them: what Service Quotas does not list beside one of
    // tokens does not exist. One of tokens always does.
    const listed = this.#quotas?.tokens_per_minute !== undefined;
    return { ...(listed ? ofTokens : this.#byDefault), ...this.#quotas, ...this.#override };
  }

  /** Those of the limits that no source has confirmed. */
  get assumed(): (keyof Limits)[] {
    const known = { ...this.#quotas, ...this.#override };
    const { limits } = this;
    return LIMITS.filter((limit) => limits[limit] !== undefined && known[limit] === undefined);
  }

  /** By the operator. */
  get paused(): boolean {
    return this.#paused;
  }

  get tenantWeights(): Record<string, number> {
    return this.#settings.tenant_weights;
  }

  get tenantBudgets(): Record<string, TenantBudget> {
    return this.#settings.tenant_budgets ?? {};
  }

  get priorityWeights(): Record<Priority, number> {
    return weightsIn(this.#settings).priorities;
  }

  /** Reads again what has become old. Service Quotas is asked beside it, and its first answer alone is waited for, briefly. */
  async refresh(): Promise<void> {
    const now = this.#ports.clock.now();
    if (now >= this.#settingsAt + SETTINGS_EVERY_MS) {
      this.#settings = await this.#ports.settings.read();
      const { quota_overrides } = this.#settings;
      this.#override = overrideOf(this.#lane, quota_overrides, knownProfiles(this.#settings));
      this.#settingsAt = now;
    }
    if (now >= this.#controlAt + CONTROL_EVERY_MS) {
      this.#paused = (await this.#ports.control.pauseOf(this.#lane)) !== undefined;
      this.#controlAt = now;
    }
    if (this.#asking === undefined && now >= this.#quotasAt + QUOTAS_EVERY_MS && !this.#isOverridden()) {
      this.#quotasAt = now;
      this.#asking = this.#readQuotas(now);
    }
    if (this.#asking !== undefined && now < this.#waitsUntil) {
      await Promise.race([this.#asking, this.#ports.clock.sleep(this.#waitsUntil - now)]);
    }
  }

  /** Never rejects: a lane goes on with what it knows, and throttles tell when that is too much. */
  async #readQuotas(now: number): Promise<void> {
    const { quotas, log } = this.#ports;
    try {
      const useMeanwhile = (known: Limits) => {
        this.#quotas = known;
      };
      this.#quotas = (await quotas.limitsOf(this.#lane, now, useMeanwhile)) ?? this.#quotas;
    } catch (error) {
      log('quotas.unknown', { lane: this.#lane, error: error instanceof Error ? error.name : 'unknown' });
    }
    this.#asking = undefined;
    this.#waitsUntil = Number.NEGATIVE_INFINITY;
    this.#tellAssumptions();
  }

  /** Logs, once, the limits in use that no source has confirmed. */
  #tellAssumptions(): void {
    if (this.#told) return;
    this.#told = true;
    for (const limit of this.assumed) {
      const reason = whyAssumed(this.#lane, limit);
      this.#ports.log('limit.assumed', { lane: this.#lane, limit, value: this.limits[limit], reason });
    }
  }

  #isOverridden(): boolean {
    const { requests_per_minute, tokens_per_minute } = this.#override ?? {};
    return requests_per_minute !== undefined && tokens_per_minute !== undefined;
  }
}
