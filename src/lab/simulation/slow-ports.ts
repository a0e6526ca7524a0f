import type { Clock } from '../../core/clock.ts';
import type { Limits } from '../../core/lane/catalog/limits.ts';
import type { BundleLease } from '../../core/request/bundle-lease.ts';
import type { HoldMessage } from '../../core/request/hold-message.ts';
import type { MemoryPorts } from '../../memory/cloud.ts';
import { delayed } from './delayed.ts';
import type { Delays } from './delays.ts';
import { payloadOf } from './requests.ts';

export interface Surroundings {
  clock: Clock;
  delays: Delays;
  /** Puts a message on the Hold Next Batch queue. */
  hold: (message: HoldMessage) => void;
  /** Notes what is released, however it comes to a worker. */
  released: (lease: BundleLease) => void;
  /** What Service Quotas says of a lane. */
  announced: (lane: string) => Limits | undefined;
}

/** The ports in memory, as slow as AWS is. */
export function slowPorts(
  ports: MemoryPorts,
  { clock, delays, hold, released, announced }: Surroundings,
): MemoryPorts {
  const { tableCall, bucketCall, queueSend } = delays;
  const payloads = { ...ports.payloads, get: async (key: string) => payloadOf(key) };
  const queue = {
    send: async (messages: HoldMessage[]) => {
      for (const message of messages) hold(structuredClone(message));
    },
  };
  const leases = {
    ...ports.leases,
    write: async (lease: BundleLease) => {
      await ports.leases.write(lease);
      released(lease);
    },
  };
  const quotas = { limitsOf: async (lane: string) => announced(lane) };
  return {
    ...ports,
    records: delayed(ports.records, clock, tableCall),
    backlog: delayed(ports.backlog, clock, tableCall),
    due: delayed(ports.due, clock, tableCall),
    directory: delayed(ports.directory, clock, tableCall),
    registry: delayed(ports.registry, clock, tableCall),
    watch: delayed(ports.watch, clock, tableCall),
    leadership: delayed(ports.leadership, clock, tableCall),
    reports: delayed(ports.reports, clock, tableCall),
    settings: delayed(ports.settings, clock, tableCall),
    control: delayed(ports.control, clock, tableCall),
    leases: delayed(leases, clock, tableCall),
    offers: delayed(ports.offers, clock, tableCall),
    budgets: delayed(ports.budgets, clock, tableCall),
    quotas: delayed(quotas, clock, tableCall),
    payloads: delayed(payloads, clock, bucketCall),
    results: delayed(ports.results, clock, queueSend),
    hold: delayed(queue, clock, queueSend),
  };
}
