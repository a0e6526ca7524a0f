/** What keeps work waiting, judged over a while: a moment in which a burst fills its workers says nothing. */
import type { Limits } from '../catalog/limits.ts';
import type { Binds, SettingThatBinds } from '../ports.ts';
import type { Amount } from './ledger.ts';

/** Why a round of releases ended: nothing more waits, or what keeps the rest. */
export type RoundEnd = 'nothing waits' | 'quota' | 'stopped' | SettingThatBinds;

const SETTINGS = [
  'max_concurrent_executions',
  'queue_depth_threshold',
  'minutes_to_process',
] as const satisfies SettingThatBinds[];
/** What happened counts half as much after this long. */
const HALF_LIFE_MS = 10_000;
/** It binds when it kept work waiting for this part of the time. */
const MOST = 0.5;
/** A variable binds in place of the quota only while more than this much of the quota is left unused. */
const UNUSED = 0.1;

export class BindingWatch {
  #at: number | undefined;
  #weight = 0;
  #utilisation = 0;
  readonly #kept = new Map<RoundEnd, number>();

  /** @param utilisation what is used of the limit that binds, 1 is all of it */
  note(now: number, end: RoundEnd, utilisation: number): void {
    const elapsed = Math.max(0, now - (this.#at ?? now));
    const decay = 0.5 ** (elapsed / HALF_LIFE_MS);
    this.#at = now;
    this.#weight = this.#weight * decay + elapsed;
    this.#utilisation = this.#utilisation * decay + utilisation * elapsed;
    for (const [it, kept] of this.#kept) this.#kept.set(it, kept * decay);
    this.#kept.set(end, (this.#kept.get(end) ?? 0) + elapsed);
  }

  /** @param used of these limits */
  binds(used: Amount, limits: Limits): Binds | undefined {
    const part = (...ends: RoundEnd[]) =>
      ends.reduce((sum, end) => sum + (this.#kept.get(end) ?? 0), 0) / Math.max(1, this.#weight);
    if (part('quota', ...SETTINGS) < MOST) return undefined;
    const utilisation = this.#utilisation / this.#weight;
    const setting = SETTINGS.reduce((most, it) => (part(it) > part(most) ? it : most));
    if (part(setting) > part('quota') && utilisation < 1 - UNUSED) {
      return { by: setting, factor: Math.round(10 / Math.max(utilisation, UNUSED)) / 10 };
    }
    return { by: bindingLimit(used, limits) };
  }
}

/** The limit of which the larger part is used. */
function bindingLimit(used: Amount, limits: Limits): keyof Limits {
  const { requests_per_minute: requests, tokens_per_minute: tokens } = limits;
  const byRequests = requests ? used.requests / requests : 0;
  const byTokens = tokens ? used.tokens / tokens : 0;
  return byRequests > byTokens ? 'requests_per_minute' : 'tokens_per_minute';
}
