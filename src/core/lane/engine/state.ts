/** The texts that a leader leaves in the lanes table for its successor. Versioned; an unknown version starts afresh. */
import type { AdaptiveShareState } from './adaptive-share.ts';
import type { BreakerState } from './breaker.ts';
import type { DeniedModelsState } from './denied-models.ts';
import type { EstimatesState } from './estimates.ts';
import type { Failing } from './failures.ts';
import type { FairQueuesState } from './fair-queues.ts';
import type { SlotReleases } from './ledger.ts';
import type { RecentTenantsState } from './recent-tenants.ts';
import type { UrgentDemandState } from './urgent-demand.ts';

const VERSION = 1;

export interface EngineState {
  slots: [slot: number, releases: SlotReleases][];
  /** Slots of which nothing had been reported yet. */
  unheard?: ReadonlySet<number>;
  shares?: FairQueuesState;
  urgent?: UrgentDemandState;
  recent?: RecentTenantsState;
  /** Where an earlier release wrote them; now they have a text of their own. */
  estimates?: EstimatesState;
  adaptation?: AdaptiveShareState;
  breaker?: BreakerState;
  failing?: Failing;
  models?: DeniedModelsState;
  /** Releases of earlier slots may report to any partition. */
  any_before?: number;
}

interface Written extends Omit<EngineState, 'slots' | 'unheard'> {
  v: typeof VERSION;
  slots: [
    slot: number,
    releases: number,
    bundles: number,
    reserved: number,
    held: number,
    variance: number,
    expected: number,
    ...unheard: [1?],
  ][];
}

export function writeState({ slots, unheard, ...rest }: EngineState): string {
  const written: Written = {
    v: VERSION,
    slots: slots.map(([slot, { releases, bundles, reserved, held, variance, expected }]) => [
      slot,
      releases,
      bundles,
      reserved,
      held,
      Math.round(variance),
      expected,
      ...oneIf(unheard?.has(slot)),
    ]),
    ...rest,
  };
  return JSON.stringify(written);
}

function oneIf(flag = false): [1?] {
  return flag ? [1] : [];
}

export function parseState(text: string | undefined): EngineState {
  if (text === undefined) return { slots: [] };
  const { v, slots, ...rest } = JSON.parse(text) as Written;
  if (v !== VERSION) return { slots: [] };
  return {
    slots: slots.map(([slot, releases, bundles, reserved, held, variance, expected]) => [
      slot,
      { releases, bundles, reserved, held, variance, expected },
    ]),
    unheard: new Set(slots.flatMap(([slot, , , , , , , unheard]) => (unheard === 1 ? [slot] : []))),
    ...rest,
  };
}

export function writeEstimates(estimates: EstimatesState): string {
  return JSON.stringify({ v: VERSION, ...estimates });
}

export function parseEstimates(text: string | undefined): EstimatesState | undefined {
  if (text === undefined) return undefined;
  const { v, ...estimates } = JSON.parse(text) as EstimatesState & { v: number };
  return v === VERSION ? estimates : undefined;
}
