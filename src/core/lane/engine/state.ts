/** The plan's text in the lanes table: what a successor must know. Versioned; an unknown version starts afresh. */
import type { AdaptiveShareState } from './adaptive-share.ts';
import type { BreakerState, Failing } from './breaker.ts';
import type { DeniedModelsState } from './denied-models.ts';
import type { EstimatesState } from './estimates.ts';
import type { FairQueuesState } from './fair-queues.ts';
import type { SlotReleases } from './ledger.ts';

const VERSION = 1;

export interface EngineState {
  slots: [slot: number, releases: SlotReleases][];
  shares?: FairQueuesState;
  estimates?: EstimatesState;
  adaptation?: AdaptiveShareState;
  breaker?: BreakerState;
  failing?: Failing;
  models?: DeniedModelsState;
}

interface Written extends Omit<EngineState, 'slots'> {
  v: typeof VERSION;
  slots: [
    slot: number,
    releases: number,
    bundles: number,
    reserved: number,
    held: number,
    variance: number,
    expected: number,
  ][];
}

export function writeState({ slots, ...rest }: EngineState): string {
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
    ]),
    ...rest,
  };
  return JSON.stringify(written);
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
    ...rest,
  };
}
