/** The plan's text in the lanes table: what a successor must know. Versioned; an unknown version starts afresh. */
import type { AdaptationMemory } from './adaptation.ts';
import type { BreakerMemory, Failing } from './breaker.ts';
import type { EstimatesMemory } from './estimates.ts';
import type { FairQueuesMemory } from './fair-queues.ts';
import type { SlotReleases } from './ledger.ts';

const VERSION = 1;

export interface Memory {
  slots: [slot: number, releases: SlotReleases][];
  shares?: FairQueuesMemory;
  estimates?: EstimatesMemory;
  adaptation?: AdaptationMemory;
  breaker?: BreakerMemory;
  failing?: Failing;
}

interface Written extends Omit<Memory, 'slots'> {
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

export function writeMemory({ slots, ...rest }: Memory): string {
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

export function parseMemory(text: string | undefined): Memory {
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
