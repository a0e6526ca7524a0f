/** The plan's text in the lanes table: what a successor must know. Versioned; an unknown version starts afresh. */
import { Estimates, type EstimatesMemory } from './estimates.ts';
import type { FairQueuesMemory } from './fair-queues.ts';
import type { SlotReleases } from './ledger.ts';

const VERSION = 1;

export interface Memory {
  slots: [slot: number, releases: SlotReleases][];
  shares?: FairQueuesMemory;
  estimates: Estimates;
}

interface Written {
  v: typeof VERSION;
  /** slot, releases, bundles, reserved, held */
  slots: [number, number, number, number, number][];
  shares?: FairQueuesMemory;
  estimates: EstimatesMemory;
}

export function writeMemory(memory: Memory): string {
  const written: Written = {
    v: VERSION,
    slots: memory.slots.map(([slot, { releases, bundles, reserved, held }]) => [
      slot,
      releases,
      bundles,
      reserved,
      held,
    ]),
    shares: memory.shares,
    estimates: memory.estimates.toJSON(),
  };
  return JSON.stringify(written);
}

export function parseMemory(text: string | undefined): Memory {
  const written = text === undefined ? undefined : (JSON.parse(text) as Partial<Written>);
  if (written?.v !== VERSION || written.slots === undefined || written.estimates === undefined) {
    return { slots: [], estimates: new Estimates() };
  }
  return {
    slots: written.slots.map(([slot, releases, bundles, reserved, held]) => [
      slot,
      { releases, bundles, reserved, held },
    ]),
    shares: written.shares,
    estimates: Estimates.from(written.estimates),
  };
}
